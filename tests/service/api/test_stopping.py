"""What the service does with bodies that are on their way when it stops."""

import json
import socket
import threading
from contextlib import ExitStack, closing
from pathlib import Path

from tests.service.api.serving import serving

BODY = json.dumps({"dataset": "digits-8x8", "name": "x" * 100}).encode()
HEAD = (
    "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()


def test_uploads_are_answered_and_do_not_hold_up_the_stop(tmp_path: Path) -> None:
    with serving(tmp_path) as running, ExitStack() as opened:
        uploads = [
            opened.enter_context(closing(socket.create_connection(("127.0.0.1", running.port)))) for _ in range(5)
        ]
        for upload in uploads:
            upload.settimeout(10)
            upload.sendall(HEAD + BODY[:20])
        # All of them have arrived when this has been answered.
        assert running.client.get("/healthz").status_code == 200

        seconds = running.stop()

        answers = [_read_all(upload) for upload in uploads]
    assert seconds < 4
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503"), answer
        assert b"retry-after:" in head.lower()
        assert json.loads(body)["code"] == "service-stopping"


def _read_all(connection: socket.socket) -> bytes:
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    return answer


def test_a_body_that_is_whole_is_answered_as_ever(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(
                    running.client.post("/v1/jobs", json={"dataset": "digits-8x8"}).status_code
                )
            )
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == [202] * 5
