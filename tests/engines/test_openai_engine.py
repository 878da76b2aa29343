"""The openai engine against a small HTTP server that speaks the protocol, failures included."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pidistill.config import EngineConfig
from pidistill.contracts import Engine, Generation, Request
from pidistill.engines.loading import with_chat
from pidistill.engines.openai_engine import OpenAIEngine, served_model
from pidistill.errors import EngineError, UsageError
from pidistill.records import Message, ModelRef, Sampling, content_hash

pytest.importorskip("openai", reason="pip install 'pidistill[openai]'")

WORDS = ("two", "is", "the", "answer", "é😀")


class Server(ThreadingHTTPServer):
    """Answers with as many `WORDS` as `max_tokens` allows. `failures` are statuses to give first, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.failures: list[int] = []
        self.delay_s = 0.0
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.lock = threading.Lock()
        self.busy = self.most_busy = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.bodies.append(body)
            server.keys.append(self.headers["Authorization"])
            server.busy += 1
            server.most_busy = max(server.most_busy, server.busy)
            status = server.failures.pop(0) if server.failures else 200
        time.sleep(server.delay_s)
        with server.lock:
            server.busy -= 1  # before the answer, upon which the next request may come
        prompt = body["messages"][-1]["content"]
        if status == 200 and body["model"] != "large":
            status = 404
        if status == 200 and len(prompt) > 1000:
            self._send(400, {"error": {"message": "too long", "code": "context_length_exceeded"}})
        elif status != 200:
            self._send(status, {"error": {"message": f"status {status} on purpose"}})
        else:
            self._send(200, _completion(body, prompt))

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


def _completion(body: dict[str, Any], prompt: str) -> dict[str, Any]:
    limit = body.get("max_tokens") or body["max_completion_tokens"]
    words = WORDS[:limit]
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": f"{prompt}: {' '.join(words)}"},
        "finish_reason": "length" if limit < len(WORDS) else "stop",
    }
    if body.get("return_token_ids"):
        choice["token_ids"] = list(range(len(words)))
        choice["logprobs"] = {
            "content": [{"token": w, "logprob": -0.5, "bytes": None, "top_logprobs": []} for w in words]
        }
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(words), "total_tokens": 0},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def _engine(server: Server, *, chat: dict[str, Any] | None = None, **options: Any) -> OpenAIEngine:
    config = EngineConfig(name="openai", options={"base_url": server.url, "model": "large", **options})
    return OpenAIEngine(served_model(config, chat), config)


def _request(text: str, **sampling: Any) -> Request:
    return Request((Message("system", "Be brief."), Message("user", text)), Sampling(**sampling))


def _made(batches: Iterator[Sequence[tuple[int, Generation]]]) -> dict[int, Generation]:
    return dict(pair for batch in batches for pair in batch)


def test_completions_come_back_to_their_requests(server: Server) -> None:
    engine = _engine(server)
    assert isinstance(engine, Engine)
    made = _made(engine.generate([_request(f"q{index}") for index in range(20)]))
    assert {index: g.completion for index, g in made.items()} == {i: f"q{i}: two is the answer é😀" for i in range(20)}
    assert made[3] == Generation("q3: two is the answer é😀", (), (), 2, truncated=False)


def test_the_request_says_all_there_is_to_say(server: Server) -> None:
    engine = _engine(server, chat={"enable_thinking": False}, extra_body={"min_p": 0.1})
    list(engine.generate([_request("q\ud800", temperature=0.3, top_p=0.9, top_k=7, max_tokens=9, seed=2**63 + 4)]))
    (body,) = server.bodies
    assert body == {
        "model": "large",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "q\ufffd"}],
        "temperature": 0.3,
        "top_p": 0.9,
        "top_k": 7,
        "max_tokens": 9,
        "seed": 4,
        "logprobs": None,
        "chat_template_kwargs": {"enable_thinking": False},
        "min_p": 0.1,
    }


def test_truncation_is_recorded(server: Server) -> None:
    (made,) = _made(_engine(server).generate([_request("q", max_tokens=2)])).values()
    assert (made.completion, made.truncated) == ("q: two is", True)


def test_token_ids_and_logprobs_are_kept_where_the_server_gives_them(server: Server) -> None:
    (made,) = _made(_engine(server, token_ids=True).generate([_request("q", max_tokens=3)])).values()
    assert made.token_ids == (0, 1, 2)
    assert made.logprobs == (-0.5, -0.5, -0.5)
    assert server.bodies[0]["logprobs"] is True


def test_rate_limits_and_server_errors_are_retried(server: Server) -> None:
    server.failures = [429, 500, 503, 429]
    made = _made(_engine(server).generate([_request("a"), _request("b")]))
    assert sorted(made) == [0, 1]
    assert len(server.bodies) == 6


def test_an_error_that_stays_is_an_engine_error_with_the_address(server: Server) -> None:
    server.failures = [429] * 50
    with pytest.raises(EngineError, match=rf"{server.url}.*failed after 2 retries: .*on purpose") as caught:
        list(_engine(server, retries=2, concurrency=1).generate([_request("a"), _request("b"), _request("c")]))
    assert "concurrency" in str(caught.value)
    assert len(server.bodies) <= 6, "requests not yet begun are dropped"


@pytest.mark.parametrize(
    ("status", "says"), [(401, "refuses the key"), (404, "not found"), (400, "refuses the request")]
)
def test_errors_that_no_retry_mends_are_not_retried(server: Server, status: int, says: str) -> None:
    server.failures = [status]
    with pytest.raises(EngineError, match=says):
        list(_engine(server).generate([_request("a")]))
    assert len(server.bodies) == 1


def test_a_prompt_beyond_the_context_is_truncated_and_spares_the_others(server: Server) -> None:
    made = _made(_engine(server).generate([_request("x" * 2000), _request("b")]))
    assert made[0] == Generation("", (), (), 0, truncated=True)
    assert made[1].completion.startswith("b: ")


def test_no_server_is_an_engine_error() -> None:
    config = EngineConfig(options={"base_url": "http://127.0.0.1:9/v1", "model": "large", "retries": 0})
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9.*cannot be reached"):
        list(OpenAIEngine(served_model(config), config).generate([_request("a")]))


def test_concurrency_is_bounded_and_used(server: Server) -> None:
    server.delay_s = 0.05
    list(_engine(server, concurrency=4).generate([_request(str(index)) for index in range(16)]))
    assert server.most_busy == 4


def test_keys_come_from_the_named_variable(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="LARGE_KEY"):
        _engine(server, api_key_env="LARGE_KEY")
    monkeypatch.setenv("LARGE_KEY", "sesame")
    list(_engine(server, api_key_env="LARGE_KEY").generate([_request("a")]))
    assert server.keys == ["Bearer sesame"]
    config = EngineConfig(options={"model": "large"})
    with pytest.raises(EngineError, match="OPENAI_API_KEY"):
        OpenAIEngine(served_model(config), config)


def test_the_server_counts_prompt_tokens(server: Server) -> None:
    ((_, made),) = next(iter(_engine(server).generate([Request((Message("user", "12345"),), Sampling())])))
    assert made.prompt_tokens == 5


def test_two_models_behind_one_server_and_two_sets_of_options_are_two_identities(server: Server) -> None:
    ways = [{}, {"model": "other"}, {"extra_body": {"quantization": "int4"}}, {"concurrency": 3}]
    identities = [content_hash(dict(_engine(server, **way).identity())) for way in ways]
    assert len(set(identities[:3])) == 3 and identities[3] == identities[0], "how many at once changes no rollout"


def test_other_limit_fields_for_other_servers(server: Server) -> None:
    list(_engine(server, max_tokens_field="max_completion_tokens").generate([_request("a", max_tokens=7)]))
    assert server.bodies[0]["max_completion_tokens"] == 7
    assert "max_tokens" not in server.bodies[0]


def test_only_chat_options_can_be_refreshed(server: Server) -> None:
    engine = _engine(server)
    engine.refresh(with_chat(engine.model, {"enable_thinking": True}))
    list(engine.generate([_request("a")]))
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}
    with pytest.raises(EngineError, match="serves its own weights"):
        engine.refresh(ModelRef("trained", "abc"))


def test_misspelt_options_are_named() -> None:
    with pytest.raises(UsageError, match=r"base_urll.*base_url"):
        served_model(EngineConfig(options={"base_urll": "x", "model": "large"}))
    with pytest.raises(EngineError, match="model"):
        served_model(EngineConfig())
