import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from service.api import json_body
from tests.service.api.serving import Running, problem_of

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-seq",
        "application/problem+json",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "application/" + "x" * 5_000,
    ],
)
def test_bodies_must_be_json(client: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    answer = client.post("/v1/jobs", content=b'{"dataset": "digits-8x8"}', headers=headers)

    problem_of(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_spellings_of_json(client: httpx.Client, content_type: str) -> None:
    answer = client.post("/v1/jobs", content=b"{}", headers={"Content-Type": content_type})

    problem_of(answer, 422, "invalid-spec")


def test_a_form_is_no_way_in(client: httpx.Client) -> None:
    problem_of(client.post("/v1/jobs", data={f"field{n}": "x" for n in range(5_000)}), 415)


def test_compressed_bodies_are_not_read(client: httpx.Client) -> None:
    problem_of(client.post("/v1/jobs", content=b"{}", headers={**JSON, "Content-Encoding": "gzip"}), 415)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"1", 422),
        (b" ", 400),
        (b'{"dataset": "digits-8x8",}', 400),
        (b'\xef\xbb\xbf{"dataset": "digits-8x8"}', 400),
        (b'{"dataset": "\xff"}', 400),
        ('{"dataset": "digits-8x8"}'.encode("utf-16"), 400),
        (b"[" * 100_000, 422),
    ],
)
def test_bodies_that_are_no_spec(client: httpx.Client, body: bytes, status: int) -> None:
    problem_of(client.post("/v1/jobs", content=body, headers=JSON), status)


def test_a_large_body_is_refused_soon_and_not_echoed(client: httpx.Client) -> None:
    body = b'{"name": "' + b"x" * 20_000_000 + b'"}'
    started = time.monotonic()

    answer = _post_raw(client, body, {"Content-Length": str(len(body))})

    assert b"413" in answer.split(b"\r\n")[0]
    assert b"1,000,000 bytes" in answer
    assert len(answer) < 2_000
    assert time.monotonic() - started < 2


def test_an_endless_body_is_cut_off(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 10_000

    # The service answers and hangs up, which the client may notice before the answer.
    try:
        answer = client.post("/v1/jobs", content=endless(), headers=JSON)
    except httpx.TransportError:
        return

    problem_of(answer, 413, "payload-too-large")


def test_the_largest_body_that_is_read(client: httpx.Client) -> None:
    body = b"{" + b" " * (json_body.MAX_BYTES - 2) + b"}"

    problem_of(client.post("/v1/jobs", content=body, headers=JSON), 422, "invalid-spec")
    problem_of(client.post("/v1/jobs", content=body + b" ", headers=JSON), 413, "payload-too-large")


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_content_lengths_that_make_no_sense(client: httpx.Client, length: str) -> None:
    answer = _post_raw(client, b"{}", {"Content-Length": length})

    assert answer.split(b" ")[1] in {b"400", b"413"}


def test_a_body_shorter_than_announced_leaves_nothing(client: httpx.Client) -> None:
    before = client.get("/v1/jobs").json()

    with _sent(client, b'{"dataset": "digits-8x8"}', {"Content-Length": "500"}) as connection:
        connection.shutdown(socket.SHUT_WR)
        connection.recv(10_000)

    assert client.get("/v1/jobs").json() == before


def test_a_body_that_trickles_in_is_given_up(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MAX_SECONDS", 0.2)

    answer = _post_raw(client, b'{"dataset"', {"Content-Length": "500"})

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()


@pytest.mark.slow
def test_others_are_served_while_a_large_body_is_parsed(shared: Running) -> None:
    body = b"[" + b"[]," * 330_000 + b"[]]"
    answered: list[int] = []

    def post() -> None:
        answered.append(httpx.post(f"{shared.url}/v1/jobs", content=body, headers=JSON, timeout=60).status_code)

    threads = [threading.Thread(target=post) for _ in range(3)]
    for thread in threads:
        thread.start()
    waits = []
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        shared.client.get("/healthz").raise_for_status()
        waits.append(time.monotonic() - started)
    for thread in threads:
        thread.join()

    assert answered == [422, 422, 422]
    assert max(waits) < 5


def _sent(client: httpx.Client, body: bytes, headers: dict[str, str]) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", client.base_url.port or 80), timeout=10)
    fields = {"Host": "127.0.0.1", **JSON, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    # In one piece: what arrives after the service has hung up would reset the connection, and its answer with it.
    connection.sendall(f"POST /v1/jobs HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def _post_raw(client: httpx.Client, body: bytes, headers: dict[str, str]) -> bytes:
    with _sent(client, body[:1_000], headers) as connection:
        answer = b""
        while chunk := connection.recv(10_000):
            answer += chunk
            if b"}" in chunk:
                break
        return answer
