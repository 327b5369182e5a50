"""A real receiver of webhooks on a free port of the loopback address."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What was received, and how to answer: a status, `location` for a redirect, `drip` for an endless answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status = 200
        self.location: str | None = None
        self.hang = False
        self.drip = False
        self.bytes = 0
        self.sent = 0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    @property
    def allowed(self) -> tuple[str, ...]:
        return (f"127.0.0.1:{self.port}",)


@contextmanager
def receiving() -> Iterator[Receiver]:
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append((self.path, dict(self.headers), body))
            if receiver.hang:
                ended.wait(60)
                return
            self.send_response(receiver.status)
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            length = 10**9 if receiver.drip or receiver.bytes else 0
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                while receiver.drip and not ended.is_set():
                    self.wfile.write(b".")
                    time.sleep(0.01)
                while receiver.sent < receiver.bytes:
                    self.wfile.write(b"." * 65_536)
                    receiver.sent += 65_536
            except OSError:
                return

        def do_GET(self) -> None:
            receiver.requests.append((self.path, dict(self.headers), b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # Threads that hang are not waited for.
    server.block_on_close = False
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
