"""Bodies that are files: who may send them, and what keeps them from costing more than they may."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.api import raw_body
from tests.service.api.serving import InProcess, Running, problem_of, serving

LIMIT = 300_000
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that takes files of 300 kB at most."""
    with serving(tmp_path_factory.mktemp("small"), max_upload_bytes=LIMIT) as running:
        yield running


def head(length: str, **more: str) -> bytes:
    fields = {"Host": "127.0.0.1", **CSV, "Content-Length": length, **more}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"PUT /v1/datasets/mine HTTP/1.1\r\n{lines}\r\n".encode()


def sent(running: Running, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=10)
    connection.sendall(data)
    return connection


def answer_of(connection: socket.socket) -> bytes:
    answer = b""
    with connection:
        while chunk := connection.recv(10_000):
            answer += chunk
    return answer


def leftovers(running: Running) -> list[Path]:
    return [path for path in (running.folder / "datasets").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/jobs", 415),
        ("PATCH", "/v1/jobs/1234", 415),
        ("POST", "/v1/jobs/1234/cancel", 415),
        ("DELETE", "/v1/datasets/mine", 415),
        ("POST", "/v1/datasets/mine", 405),
        ("PUT", "/v1/datasets", 405),
        ("PUT", "/v1/jobs", 405),
        ("PUT", "/v1/datasets/mine/more", 404),
        ("PUT", "/nowhere", 404),
        ("PUT", "/static/style.css", 405),
    ],
)
def test_no_other_address_takes_a_file(client: httpx.Client, method: str, path: str, status: int) -> None:
    problem_of(client.request(method, path, content=b"a,b\n1,2\n" * 10_000, headers=CSV), status)


def test_a_body_that_is_announced_as_too_large_is_refused_unread(small: Running) -> None:
    answer = answer_of(sent(small, head(str(3 * LIMIT))))

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"payload-too-large" in answer
    assert b"connection: close" in answer.lower()


def test_a_body_that_is_not_announced_is_counted(small: Running) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2_000):
            yield b"1,2\n" * 1_000

    # The service answers and hangs up, which the client may notice before the answer.
    try:
        answer = small.client.put("/v1/datasets/mine", content=endless(), headers=CSV)
    except httpx.TransportError:
        pass
    else:
        problem_of(answer, 413, "payload-too-large")

    assert leftovers(small) == []


def test_the_file_itself_has_a_limit_below_that_of_a_form(small: Running) -> None:
    problem = problem_of(small.client.put("/v1/datasets/mine", content=b"x" * (LIMIT + 1), headers=CSV), 413)

    assert "300,000 bytes" in problem["detail"]
    assert leftovers(small) == []


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_content_lengths_that_make_no_sense(small: Running, length: str) -> None:
    answer = answer_of(sent(small, head(length)))

    assert answer.split(b" ")[1] in {b"400", b"413"}


@pytest.mark.parametrize("announced", [10, 1_000])
def test_a_length_that_lies(running: InProcess, announced: int) -> None:
    # Behind a real server the length is the server's own to check; other servers may leave it to us.
    answer = running.client.put(
        "/v1/datasets/mine", content=b"a,b\n" * 100, headers={**CSV, "Content-Length": str(announced)}
    )

    problem = problem_of(answer, 400, "bad-request")
    assert f"announced {announced:,} bytes, and 400 came" in problem["detail"]


def test_a_client_that_leaves_in_the_middle_leaves_nothing(small: Running) -> None:
    with sent(small, head("5000") + b"a,b\n" * 100) as connection:
        connection.shutdown(socket.SHUT_WR)
        connection.recv(10_000)

    deadline = time.monotonic() + 10
    while leftovers(small):
        assert time.monotonic() < deadline

        time.sleep(0.01)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_compressed_bodies_are_not_read(small: Running, encoding: str) -> None:
    answer = small.client.put("/v1/datasets/mine", content=b"x", headers={**CSV, "Content-Encoding": encoding})

    problem_of(answer, 415, "unsupported-media-type")


def test_a_body_that_trickles_in_is_given_up(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_body, "PATIENCE_SECONDS", 0.2)

    answer = answer_of(sent(small, head("5000") + b"a,b\n"))

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()
    assert leftovers(small) == []


def test_what_comes_fast_enough_may_take_longer(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_body, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(raw_body, "SLOWEST_BYTES_PER_SECOND", 1_000)
    with sent(small, head("2000") + b"a,a\n" * 250) as connection:
        time.sleep(0.5)
        connection.sendall(b"1,2\n" * 250)

        assert connection.recv(10_000).startswith(b"HTTP/1.1 422")


def test_a_service_that_stops_does_not_wait_for_files(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        connection = sent(running, head("5000") + b"a,b\n")
        deadline = time.monotonic() + 10
        while not leftovers(running):
            assert time.monotonic() < deadline

            time.sleep(0.01)

        assert running.stop() < 4

        answer = answer_of(connection)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after" in answer.lower()
        assert leftovers(running) == []


def test_no_more_than_four_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        held = [sent(running, head("5000") + b"a,b\n") for _ in range(4)]
        deadline = time.monotonic() + 10
        while len(leftovers(running)) < 4:
            assert time.monotonic() < deadline

            time.sleep(0.01)

        refused = running.client.put("/v1/datasets/fifth", content=b"a,b\n", headers=CSV)

        problem_of(refused, 503, "too-many-uploads")
        assert int(refused.headers["Retry-After"]) > 0
        for connection in held:
            connection.close()
        while leftovers(running):
            assert time.monotonic() < deadline

            time.sleep(0.01)
        problem_of(running.client.put("/v1/datasets/fifth", content=b"", headers=CSV), 422)
