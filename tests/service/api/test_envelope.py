import asyncio
import json
import logging

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.envelope import Envelope
from tests.service.api.serving import problem_of


@pytest.mark.parametrize("path", ["/healthz", "/nope", "/problems", "/v1/jobs", "/openapi.json"])
def test_headers_that_protect_a_browser(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Request-ID"]


def test_a_request_id_may_be_given(client: httpx.Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "run-7.a_B"}).headers["X-Request-ID"] == "run-7.a_B"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "a\tb"])
def test_a_strange_request_id_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/nope", headers={"X-Request-ID": given})

    assert problem_of(answer, 404)["request_id"] != given
    assert len(answer.headers["X-Request-ID"]) == 32


async def _broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a secret in /home/somebody/secret.py")


async def _broken_half_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("half way")


def _answers(envelope: Envelope) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope: Scope = {"type": "http", "method": "GET", "path": "/v1/jobs", "raw_path": b"/v1/jobs", "headers": []}
    asyncio.run(envelope(scope, receive, send))
    return sent


def test_a_crash_is_a_problem_without_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        start, body = _answers(Envelope(_broken))

    problem = json.loads(body["body"])

    assert start["status"] == problem["status"] == 500
    assert problem["code"] == "internal-error"
    assert b"secret" not in body["body"]
    assert problem["request_id"] in caplog.text
    assert "a secret in" in caplog.text


def test_half_an_answer_is_broken_off() -> None:
    with pytest.raises(RuntimeError, match="half way"):
        _answers(Envelope(_broken_half_way))
