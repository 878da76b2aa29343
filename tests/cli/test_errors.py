"""What a person sees when something is wrong: one line that says what was meant and what to do, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fake_packages import HEAD, install, install_toy
from pidistill.cli.main import run

ROOT = Path(__file__).parents[2]


def tell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a command line run here."""
    code = run(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 1, captured.err
    return code, captured.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demmo"], "No command 'demmo'. Did you mean 'demo'?"),
        (["zzzz"], "Commands: demo, run, recipes"),
        (["plugins", "--verbos"], "--verbose"),
        (["recipes", "star-glod"], "Unknown recipe 'star-glod'. Did you mean 'star-gold'?"),
        (["run", "retyr", "--domain", "math"], "Unknown recipe 'retyr'. Did you mean 'retry'?"),
        (["run", "retry"], "Missing option '--domain'"),
        (["run", "retry", "--domain", "maths"], "Unknown domain 'maths'. Did you mean 'math'?"),
        (["run", "retry", "--domain", "math", "--set", "trian.lr=1"], "unknown key 'trian'. Did you mean 'train'?"),
        (["run", "retry", "--domain", "math", "--set", "train.lrr=1"], "unknown key 'train.lrr'. Did you mean 'lr'?"),
        (["run", "retry", "--domain", "math", "--set", "train.lr"], "not of the form table.key=value"),
        (["run", "retry", "--domain", "math", "--set", "train.lr=-1"], "train.lr: input should be greater than 0"),
        (["run", "retry", "--domain", "math", "--engine", "vlm"], "Unknown engine 'vlm'. Did you mean 'vllm'?"),
        (
            ["run", "retry", "--domain", "math", "--sandbox", "dokcer"],
            "Unknown sandbox 'dokcer'. Did you mean 'docker'?",
        ),
        (
            ["run", "retry", "--domain", "math", "--set", "recipe.rollouts.retry_form=goldd"],
            "Unknown PI form 'goldd'. Did you mean 'gold'?",
        ),
        (
            ["run", "retry", "--domain", "math", "--set", "train.objective=sftt"],
            "Unknown objective 'sftt'. Did you mean 'sft'?",
        ),
        (["run", "retry", "--domain", "math", "--seeds", "1,x"], "'1,x' is no list of seeds"),
        (["run", "retry", "--domain", "math", "--seeds", "1,1"], "names a seed twice"),
        (["verify", "mathh", "--oracle"], "Unknown domain 'mathh'. Did you mean 'math'?"),
        (["verify", "math"], "Say what to judge."),
        (["verify", "math", "--oracle", "--workers", "-3"], "--workers"),
        (["verify", "math", "--oracle", "--sandbox", "dokcer"], "Unknown sandbox 'dokcer'. Did you mean 'docker'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_misspelling_gets_a_line_that_helps(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, err = tell(capsys, *arguments)
    assert code == 2
    assert said in err


def test_a_misspelt_file_is_named_with_the_nearest_one_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.toml").write_text("seeds = [1]\n")
    (tmp_path / "problems.jsonl").write_text("")
    code, err = tell(capsys, "run", "retry", "--domain", "math", "--config", str(tmp_path / "rum.toml"))
    assert (code, "Did you mean 'run.toml'?" in err) == (2, True)
    code, err = tell(capsys, "verify", "math", "--data", str(tmp_path / "problem.jsonl"), "--oracle")
    assert (code, "Did you mean 'problems.jsonl'?" in err) == (1, True)
    code, err = tell(capsys, "verify", "math", "--submissions", str(tmp_path / "problem.jsonl"))
    assert (code, "Did you mean 'problems.jsonl'?" in err) == (1, True)


def test_a_misspelt_key_in_a_file_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "run.toml"
    config.write_text("[train]\nlearning_rate = 1\n")
    code, err = tell(capsys, "run", "retry", "--domain", "math", "--config", str(config))
    assert code == 2
    assert f"{config}: unknown key 'train.learning_rate'" in err
    config.write_text("[train\n")
    code, err = tell(capsys, "run", "retry", "--domain", "math", "--config", str(config))
    assert code == 2
    assert str(config) in err


@pytest.mark.parametrize("arguments", [["--debug", "recipes", "nope"], ["recipes", "nope", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert err.strip().splitlines()[-1].startswith("Error: Unknown recipe 'nope'.")


def test_debug_can_be_set_in_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIDISTILL_DEBUG", "1")
    assert run(["recipes", "nope"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_no_arguments_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def environment(*folders: Path) -> dict[str, str]:
    """This process's environment, with `folders` first on the path of a new one."""
    path = os.pathsep.join([*map(str, folders), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


COMMAND = (
    HEAD
    + """
    @hookimpl
    def pidistill_register_commands():
        return [Spec("wait", "Waits.", "waiting_p:wait")]

    import click

    @click.command("wait")
    @click.option("--bug", is_flag=True)
    @click.option("--finalizer", is_flag=True)
    def wait(bug, finalizer):
        if bug:
            raise ZeroDivisionError("a bug")
        import time
        class Slow:
            def __del__(self):
                click.echo("waiting")
                time.sleep(60)
        if finalizer:
            Slow()
        else:
            click.echo("waiting")
        time.sleep(60)
"""
)


@pytest.mark.parametrize("where", [[], ["--finalizer"]], ids=["in the command", "in a finalizer"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_plugins_command_runs_and_control_c_ends_it_with_one_line_as_do_its_like(
    tmp_path: Path, number: signal.Signals, where: list[str]
) -> None:
    """Also where it falls into an object's finalizer, whose exceptions Python ignores."""
    install(tmp_path, "pidistill-waiting", "1.0", {"waiting_p.py": COMMAND}, {"waiting": "waiting_p"})
    with subprocess.Popen(
        [sys.executable, "-m", "pidistill", "wait", *where],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
    assert err.strip() == "Stopped. The same command resumes."
    assert process.returncode == 130


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    install(tmp_path, "pidistill-waiting", "1.0", {"waiting_p.py": COMMAND}, {"waiting": "waiting_p"})
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", "wait", "--bug"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError: a bug" in done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m pidistill recipes | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""


BROKEN_THREE = {
    "pidistill-lost": "import nowhere_to_be_found\n",
    "pidistill-odd": HEAD + "\n    @hookimpl\n    def pidistill_verdict(verdict, mood): ...\n",
    "pidistill-copy": HEAD
    + "\n    @hookimpl\n    def pidistill_register_domains(): return [Spec('math', 'x', 'json:JSONDecoder')]\n",
}


@pytest.mark.slow
def test_a_run_on_math_works_beside_broken_packages(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for number, (package, code) in enumerate(BROKEN_THREE.items()):
        install(site, package, f"1.{number}", {f"broken_{number}.py": code}, {package[10:]: f"broken_{number}"})
    install_toy(site)
    sets = ["data.train.limit=6", "data.evaluate.limit=6", "train.lr=1e-4", "verify.workers=1"]
    arguments = ["run", "rejection", "--domain", "math", "--seeds", "0", "--store", str(tmp_path / "store"), "--json"]
    for text in sets:
        arguments += ["--set", text]
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", *arguments],
        env=environment(site) | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for number, package in enumerate(BROKEN_THREE):
        assert f"{package} 1.{number}" in done.stderr
    assert json.loads(done.stdout)


def test_a_terminal_that_cannot_show_a_character_is_no_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pidistill", "recipes", "retry"],
        env=environment() | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "\\xb1" in done.stdout  # the plus-minus sign of the published result
