import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.webhooks import sender
from service.webhooks.sender import Answer, send
from tests.service.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def post(receiver: Receiver) -> Answer:
    return send(receiver.url, b'{"a": 1}', {"Content-Type": "application/json"}, receiver.allowed)


def test_a_body_is_posted(receiver: Receiver) -> None:
    answer = post(receiver)

    assert answer == Answer(200, None)
    assert answer.delivered
    ((path, headers, body),) = receiver.requests
    assert (path, body) == ("/hook?a=b", b'{"a": 1}')
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [199 + 200, 400, 404, 410, 500, 503])
def test_other_answers_are_failures(receiver: Receiver, status: int) -> None:
    receiver.status = status

    assert post(receiver).error is not None
    assert post(receiver).status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.location = f"http://127.0.0.1:{receiver.port}/secret"

    assert post(receiver) == Answer(status, f"answered {status}, redirects are not followed")
    assert [path for path, _, _ in receiver.requests] == ["/hook?a=b"]


@pytest.mark.parametrize("way", ["hang", "drip"])
def test_a_receiver_that_takes_its_time_is_left(receiver: Receiver, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_SECONDS", 0.2)
    # Each byte of a dripping answer is in time; all of them together are not.
    receiver.hang, receiver.drip = way == "hang", way == "drip"
    started = time.monotonic()

    assert post(receiver) in (Answer(None, "no whole answer within 0.2 s"), Answer(None, "no answer within 0.2 s"))
    assert time.monotonic() - started < 5


def test_no_more_of_an_answer_is_read_than_it_may_have(receiver: Receiver) -> None:
    receiver.bytes = 2**28

    assert post(receiver) == Answer(200, None)
    # What lies in the buffers of both sides was sent too.
    assert receiver.sent < 2**25


def test_a_receiver_that_is_not_there(receiver: Receiver) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]

        answer = send(f"http://127.0.0.1:{port}/", b"", {}, (f"127.0.0.1:{port}",))

    assert answer == Answer(None, "the connection was refused")


def test_addresses_that_are_not_public_are_not_called(receiver: Receiver) -> None:
    for url in (receiver.url, f"https://127.0.0.1:{receiver.port}/", f"https://localhost:{receiver.port}/"):
        assert send(url, b"", {}, ()).error is not None
    assert receiver.requests == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is checked and would be connected to, the second one is never asked for."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    connected: list[Any] = []

    def resolved(host: str, port: int, **_options: Any) -> list[Any]:
        return [(0, 0, 0, "", (next(answers), port))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", connect)

    assert send(f"https://rebinding.example.org:{receiver.port}/", b"", {}, ()).error == "the connection was refused"
    assert connected == [("93.184.215.14", receiver.port)]


def test_tls_is_verified_under_the_name(receiver: Receiver) -> None:
    # The receiver talks no TLS at all.
    url = receiver.url.replace("http:", "https:")
    answer = send(url, b"", {}, receiver.allowed)

    assert answer.error is not None
    assert answer.status is None
    assert receiver.requests == []
