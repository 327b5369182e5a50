"""The real application behind a real server on a free port of the loopback address."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from service.app import create_app
from service.server import Server
from service.settings import Settings
from service.store.database import Database

START_SECONDS = 20.0


class InProcess:
    """The application called directly, with all its middleware; for answers that end by themselves."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client


class AsgiBridge(httpx.BaseTransport):
    """Lets a synchronous client call an ASGI application on an event loop in another thread."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._transport = httpx.ASGITransport(app=app)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._portal.call(self._call, request)

    async def _call(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class Running:
    """A server in a thread of its own, and a client that talks to it."""

    def __init__(self, server: Server, thread: threading.Thread, client: httpx.Client, folder: Path) -> None:
        self.server = server
        self.client = client
        self.folder = folder
        self._thread = thread

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def stop(self) -> float:
        """Stop it as a signal would, and return the seconds that it took."""
        started = time.monotonic()
        self.server.should_exit = True
        self._thread.join(START_SECONDS)

        assert not self._thread.is_alive(), "the server did not stop"

        return time.monotonic() - started


@contextmanager
def calling(folder: Path, database: Database, portal: BlockingPortal, **settings: Any) -> Iterator[InProcess]:
    app = create_app(Settings(data_dir=folder, **settings), database)
    with httpx.Client(base_url="http://127.0.0.1:8642", transport=AsgiBridge(app, portal)) as client:
        yield InProcess(client)


@contextmanager
def serving(folder: Path, database: Database | None = None, *, port: int = 0, **more: Any) -> Iterator[Running]:
    settings = Settings(data_dir=folder, port=port, log_level="error", **more)
    server = Server(create_app(settings, database), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server took too long to start"

        time.sleep(0.01)
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        running = Running(server, thread, client, folder)
        try:
            yield running
        finally:
            running.stop()


def submit(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/jobs", json={"dataset": "digits-8x8", **changes})

    assert answer.status_code == 202, answer.text

    job: dict[str, Any] = answer.json()
    return job


def problem_of(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Check that an answer is a whole problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"

    body: dict[str, Any] = answer.json()

    assert set(body) == {"type", "title", "status", "detail", "instance", "code", "errors", "request_id"}
    assert body["status"] == status
    assert body["type"] == f"/problems/{body['code']}"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert code is None or body["code"] == code

    return body


def pointers(problem: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]
