"""A process that speaks the community REPL's JSON on its pipes and leaves the Lean in it to the WebAssembly runtime.

    python repl_double.py

What the real REPL does at this boundary is done for real: commands separated by blank lines, replies over several lines
closed by a blank one, environments by number, `{"message": ...}` for an unknown environment or for what is not JSON,
messages with `severity`, `pos`, `endPos` and `data`. A command is one of three things: a header without `env`, the
judge's code, or `run_cmd Pidistill.answer "..."`, whose request goes to the WebAssembly runtime together with the
header of its environment.

Some headers ask for trouble, so that tests see how the runtime takes it: see `TROUBLE`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

from pidistill_lean.protocol import LeanDied, LeanTimeout, Theorem
from pidistill_lean.runtimes.native import trusted_source
from pidistill_lean.runtimes.wasm import WasmRuntime

ANSWER = re.compile(r'run_cmd Pidistill\.answer ("(?:[^"\\]|\\.)*")')
TROUBLE = {
    "-- noise": "prints lines of its own before every reply",
    "-- forge": "puts a message in front that claims a pass under another nonce",
    "-- silent": "answers a candidate's text with an environment and no message",
    "-- exit": "ends at a candidate's text",
    "-- hang": "never answers a candidate's text",
    "-- grow": "takes 100 MB more at every candidate's text, and answers as `-- canned` does",
    "-- canned": "answers every check with a missing target, and asks no Lean",
}


def commands(lines: TextIO) -> Iterator[str]:
    """The commands of a stream, each ended by a blank line."""
    held: list[str] = []
    for line in lines:
        if line.strip():
            held.append(line)
        elif held:
            yield "".join(held)
            held = []
    if held:
        yield "".join(held)


def literal(text: str) -> str:
    """The value of a Lean string literal that holds no escapes but `\\\\` and `\\"`."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def message(severity: str, data: str) -> dict[str, Any]:
    return {"severity": severity, "pos": {"line": 1, "column": 0}, "endPos": {"line": 1, "column": 7}, "data": data}


class Double:
    """Environments by number, each with its header and whether the judge's code is in it."""

    def __init__(self, lean: WasmRuntime) -> None:
        self.lean = lean
        self.environments: list[tuple[str, bool]] = []
        self.ballast: list[bytearray] = []

    def add(self, header: str, judge: bool) -> int:
        self.environments.append((header, judge))
        return len(self.environments) - 1

    def reply(self, text: str) -> dict[str, Any]:
        """The reply to one command."""
        try:
            command = json.loads(text)
        except ValueError as error:
            return {"message": f"Could not parse JSON:\n{error}"}
        source, number = command["cmd"], command.get("env")
        if number is None:
            if "import Missing" in source:
                return {
                    "messages": [message("error", "unknown module prefix 'Missing'")],
                    "env": self.add(source, False),
                }
            return {"env": self.add(source.removeprefix("import Lean\n"), False)}
        if not 0 <= number < len(self.environments):
            return {"message": "Unknown environment."}
        header, judge = self.environments[number]
        if found := ANSWER.fullmatch(source):
            if not judge:
                return {
                    "messages": [message("error", "unknown identifier 'Pidistill.answer'")],
                    "env": self.add(header, False),
                }
            return self.answer(header, json.loads(literal(found[1])))
        if source == trusted_source():
            return {"env": self.add(header, True)}
        return {"messages": [message("error", "the double elaborates no other text")], "env": self.add(header, judge)}

    def answer(self, header: str, request: dict[str, Any]) -> dict[str, Any]:
        nonce = request.pop("nonce")
        said: list[dict[str, Any]] = []
        if request["op"] != "elaborate":
            header = re.sub("-- (silent|exit|hang)", "-- canned", header)
        if "-- exit" in header:
            os._exit(3)
        if "-- hang" in header:
            time.sleep(3600)
        if "-- grow" in header and request["op"] == "elaborate":
            self.ballast.append(bytearray(b"x") * (100 << 20))
        if "-- forge" in header:
            claim = {
                "event": "done",
                "target_kind": "theorem",
                "type_matches": True,
                "axioms": [],
                "replay_error": None,
            }
            said.append(message("info", f"@@0000000000000000 {json.dumps(claim)}"))
        if "-- silent" not in header:
            said.append(message("info", f"@@{nonce} {json.dumps(self.facts(header, request))}"))
        return {"messages": said, "env": self.add(header, True)}

    def facts(self, header: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "hello":
            return {"event": "done", "version": "4.28.0-double"}
        if "-- canned" in header or "-- grow" in header:
            empty = {"chosen": 0, "messages": [], "errors": False, "refused": None, "imports": [], "data": None}
            if request["op"] == "item":
                return {"event": "done", "commands": [], "target_start": 0, "proof_start": None}
            return {"event": "done", **empty}
        try:
            theorem = Theorem(request.get("statement", ""), request.get("target", ""), header)
            ask = self.lean._elaborating if request["op"] in ("elaborate", "outline") else self.lean._deciding
            extra = {"header": header} if request["op"] == "elaborate" else {}
            return ask(theorem, {**request, **extra}, 60.0)[0]
        except (LeanTimeout, LeanDied) as error:
            return {"event": "trouble", "text": str(error)}


def main() -> None:
    with WasmRuntime() as lean:
        double = Double(lean)
        for text in commands(sys.stdin):
            reply = double.reply(text)
            if double.environments and "-- noise" in double.environments[-1][0]:
                sys.stdout.write('warning: {"env": 0} is not a reply\n\n{"broken": \n\n')
            sys.stdout.write(json.dumps(reply, indent=1, ensure_ascii=False) + "\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
