"""A second model writes hints for the embedded one: another embedded model, then one behind a local server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.store.ledger import ledger
from pidistill.store.store import Store
from pidistill.suite.compare import run_comparison
from pidistill.suite.planned import plan
from pidistill.suite.trace import trace

pytest.importorskip("openai", reason="pip install 'pidistill[openai]'")

SETS = [
    "data.train.limit=16", "data.evaluate.limit=8", "train.lr=1e-3", "train.batch_size=8", "model.threads=1",
    "seeds=[0]", "verify.workers=1", "recipe.rollouts.retry_form=hint:words=20000",
]  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers every second request with a hint, and every other with all numbers there are."""

    asked = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Handler.asked += 1
        prompt = body["messages"][-1]["content"]
        assert "Do not solve this problem" in prompt
        tells = len(prompt) % 2
        text = " ".join(map(str, range(-300, 10_000))) if tells else "Work from the inside out. Keep the signs."
        answer = {
            "id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
        }  # fmt: skip
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    Handler.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_hint_by_another_embedded_model_is_asked_stored_and_paid_for(tmp_path: Path) -> None:
    config = run_config(
        "retry", "math", overrides={"store": tmp_path}, sets=[*SETS, "roles.hinter.model=embedded:code"]
    )
    run_comparison([config], None, Quiet())
    with Store(tmp_path) as store:
        (cell,) = plan([config])
        hints = [e.record for e in store.rollouts.entries() if e.record.role == "hinter"]
        students = {e.record.model_revision for e in store.rollouts.entries() if e.record.role == "student"}
        assert hints and not {hint.model_revision for hint in hints} & students
        rows = {row.arrow: row for row in ledger(store, [cell.id]) if row.kind == "rollout"}
        assert rows["retry 1, hint"].made == len(hints)
        retried = [e.record for e in store.rollouts.entries() if e.record.attempt == 1]
        assert all("A hint: " in made.messages[-1].content for made in retried)


@pytest.mark.slow
def test_a_hint_by_a_server_reaches_the_retry_and_one_that_tells_the_answer_does_not(tmp_path: Path, url: str) -> None:
    role = {"hinter": {"engine": {"name": "openai", "options": {"base_url": url, "model": "large"}}}}
    config = run_config("retry", "math", overrides={"store": tmp_path, "roles": role}, sets=SETS)
    run_comparison([config], None, Quiet())
    with Store(tmp_path) as store:
        written = {pi.record.about: pi.record for pi in store.pi.entries()}
        retried = [e.record for e in store.rollouts.entries() if e.record.attempt == 1]
        hints = [e.record for e in store.rollouts.entries() if e.record.role == "hinter"]
        assert 0 < len(retried) == len(written) < len(hints) == Handler.asked
        for made in retried:
            assert "A hint: Work from the inside out." in made.messages[-1].content
            (pi,) = trace(store, made.id).pi
            assert pi.written_by in {hint.id for hint in hints} and made.parent_id in written
    asked = Handler.asked
    run_comparison([config], None, Quiet())
    assert Handler.asked == asked
    other = run_config(
        "retry", "math", overrides={"store": tmp_path, "roles": role},
        sets=[*SETS, "roles.hinter.engine.options.extra_body={quantization='int4'}"],
    )  # fmt: skip
    run_comparison([other], None, Quiet())
    assert Handler.asked == 2 * asked, "two sets of options share no rollout"
