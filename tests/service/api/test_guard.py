import asyncio
import socket
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from starlette.types import Message, Receive, Scope, Send

from service.api.guard import Guard
from service.store.database import Database
from tests.service.api.serving import Running, calling, problem_of


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.2",
        "10.0.0.1",
        "a/../b?",
        "localhost:x",
        "localhost:123456",
        "[::1",
        "::1",
        "user@localhost",
        "localhost evil.example",
        "",
    ],
)
def test_foreign_hosts_are_refused(client: httpx.Client, host: str) -> None:
    problem_of(client.get("/v1/jobs", headers={"Host": host}), 400, "host-not-allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8642", "[::1]:8642", "[::1]"])
def test_names_of_the_loopback_address(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("request_head", [b"GET /healthz HTTP/1.0", b"GET /healthz HTTP/1.1"])
def test_a_request_without_a_host_is_refused(shared: Running, request_head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        connection.sendall(request_head + b"\r\n\r\n")

        assert connection.recv(10_000).split(b" ")[1] == b"400"


@pytest.mark.parametrize("target", [b"http://evil.example/healthz", b"healthz", b"*"])
def test_strange_targets(shared: Running, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")

        assert connection.recv(10_000).split(b" ")[1] in {b"400", b"404"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/jobs"), ("POST", "/v1/jobs/0/cancel"), ("DELETE", "/v1/jobs/0"), ("PUT", "/x")]
)
def test_changes_from_other_sites_are_refused(
    client: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    problem_of(client.request(method, path, json={}, headers=headers), 403, "origin-not-allowed")


def test_changes_from_the_service_itself(shared: Running) -> None:
    headers = {"Origin": shared.url, "Sec-Fetch-Site": "same-origin"}

    problem_of(shared.client.post("/v1/jobs", json={}, headers=headers), 422, "invalid-spec")


def test_no_other_origin_may_read(client: httpx.Client) -> None:
    answer = client.get("/v1/jobs", headers={"Origin": "https://evil.example"})

    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def _head(shared: Running, head: bytes) -> bytes:
    """Send the head of a request and return the status; none when the service hung up while it was still being sent."""
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection, suppress(ConnectionError):
        connection.sendall(head + b"\r\nHost: 127.0.0.1\r\n\r\n")
        return connection.recv(10_000).split(b" ")[1]
    return b"none"


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        # Beyond 16 kB in one piece the parser itself may be the first to refuse.
        (b"X-Large: " + b"x" * 17_000, {b"400", b"431"}),
        (b"X-Large: " + b"x" * 70_000, {b"400", b"431", b"none"}),
        (b"\r\n".join([b"X-Many: x"] * 200), {b"431"}),
        (b"\r\n".join([b"X-Many: x"] * 10_000), {b"400", b"431", b"none"}),
    ],
)
def test_headers_have_a_limit(shared: Running, headers: bytes, statuses: set[bytes]) -> None:
    assert _head(shared, b"GET /healthz HTTP/1.1\r\n" + headers) in statuses


@pytest.mark.parametrize(("length", "statuses"), [(9_000, {b"414"}), (1_000_000, {b"400", b"414", b"none"})])
def test_addresses_have_a_limit(shared: Running, length: int, statuses: set[bytes]) -> None:
    assert _head(shared, b"GET /" + b"x" * length + b" HTTP/1.1") in statuses


@pytest.mark.parametrize("path", ["/v1/%", "/v1/%zz", "/v1/jobs/%ff", "/v1/jobs/%ed%a0%80", "/v1/datasets/%00"])
def test_bad_percent_codes(shared: Running, path: str) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())

        assert connection.recv(10_000).split(b" ")[1] == b"404"


def test_names_that_the_settings_allow(sqlite_url: str, tmp_path: Path, portal: BlockingPortal) -> None:
    with (
        closing(Database(sqlite_url)) as database,
        calling(tmp_path, database, portal, host="192.168.0.7", allowed_hosts=("lab.example", "fd00::7")) as called,
    ):
        for host in ("Lab.Example", "lab.example:443", "[fd00::7]:8642", "192.168.0.7:8642", "localhost"):
            assert called.client.get("/healthz", headers={"Host": host}).status_code == 200, host
        for host in ("192.168.0.8", "x.lab.example", "lab.example.", "fd00::7", "0.0.0.0", "lab.example/"):  # noqa: S104
            problem_of(called.client.get("/healthz", headers={"Host": host}), 400, "host-not-allowed")
        for origin, status in (("https://lab.example", 401), ("https://lab.example:1", 403), ("http://localhost", 403)):
            for method in ("POST", "DELETE"):
                headers = {"Host": "lab.example", "Origin": origin}
                assert called.client.request(method, "/v1/tokens/1", headers=headers).status_code == status


def test_web_sockets_are_refused() -> None:
    sent = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("a web socket came through")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(app)(scope, receive, send))

    assert sent == [{"type": "websocket.close", "code": 1008}]
