import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.webhooks.sender import Answer, send
from service.webhooks.signature import HEADER, new_secret, signature

DOCUMENT = Path(__file__).parents[3] / "docs" / "queue.md"


@pytest.mark.slow
def test_the_receiver_of_the_document_takes_what_is_signed_and_nothing_else() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "9000" in program
    secret, body = new_secret(), b'{"event": "job.succeeded"}'
    url, allowed = f"http://127.0.0.1:{port}/", (f"127.0.0.1:{port}",)
    process = subprocess.Popen(
        [sys.executable, "-c", program.replace("9000", str(port))],
        env=os.environ | {"SECRET": secret},
        stderr=subprocess.DEVNULL,
    )
    try:
        moment = int(time.time())
        good = {HEADER: signature(secret, moment, body)}
        deadline = time.monotonic() + 30
        while (answer := send(url, body, good, allowed)).status is None:
            assert time.monotonic() < deadline

            time.sleep(0.05)

        assert answer == Answer(204, None)
        for wrong in (signature("other", moment, body), signature(secret, moment - 3600, body)):
            assert send(url, body, {HEADER: wrong}, allowed).status == 401
        assert send(url, body + b" ", good, allowed).status == 401
    finally:
        process.kill()
        process.wait()
