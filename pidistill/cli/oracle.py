"""An oracle report as a person reads it, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from pidistill.cli.output import line
from pidistill.records import Status
from pidistill.verify.oracle import Finding, OracleReport, Question


def print_oracle(console: Console, report: OracleReport) -> None:
    """The counts as a table, then every deviation and coincidence on a line of its own."""
    shown = [status for status in Status if any(report.counts[question].get(status) for question in Question)]
    title = f"{report.domain}: {report.problems} problems"
    table = Table("submitted", "must", "in all", title=title, title_justify="left")
    for status in shown:
        table.add_column(str(status), justify="right")
    for question in Question:
        counts = report.counts[question]
        must = "pass" if question is Question.REFERENCE else "not pass"
        cells = [str(counts.get(status, 0)) for status in shown]
        table.add_row(str(question), must, str(report.submitted(question)), *cells)
    console.print(table)
    line(console, f"Verifier: {report.identity}")
    _list(console, "Deviations", report.deviations)
    _list(console, "Coincidences, where two problems share an answer", report.coincidences)
    if report.unchecked:
        line(console, f"\nUnchecked, for want of a reference: {len(report.unchecked)}: {', '.join(report.unchecked)}")
    line(console, f"\n{conclusion(report)}", "green" if report.ok else "red")


def conclusion(report: OracleReport) -> str:
    """One sentence: what deviated, or that nothing did."""
    references = report.submitted(Question.REFERENCE)
    if references == 0:
        return "UNCHECKED: no problem has a reference, so nothing was tried."
    if report.ok:
        apart = f", {len(report.coincidences)} coincidences apart" if report.coincidences else ""
        return f"SOUND: all {references} references pass, and nothing that must not{apart}."
    missed = sum(1 for finding in report.deviations if finding.question is Question.REFERENCE)
    false_passes = sum(1 for finding in report.deviations if _is_false_pass(finding))
    rest = len(report.deviations) - missed - false_passes
    return (
        f"DEVIATIONS: {missed} of {references} references do not pass, {false_passes} submissions pass that must not, "
        f"{rest} could not be judged."
    )


def oracle_json(report: OracleReport) -> str:
    """The report as JSON, with the conclusion's `ok`."""
    data = asdict(report) | {"ok": report.ok, "conclusion": conclusion(report)}
    return json.dumps(data, indent=2) + "\n"


def _is_false_pass(finding: Finding) -> bool:
    return finding.question is not Question.REFERENCE and finding.status is Status.PASS


def _list(console: Console, title: str, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    line(console, f"\n{title}: {len(findings)}", "bold")
    for finding in findings:
        other = f" ({finding.other_id})" if finding.other_id else ""
        reason = " ".join(finding.reason.split())
        line(console, f"  {finding.problem_id}: {finding.question}{other}: {finding.status}: {reason}")
