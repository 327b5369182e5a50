"""Uploads to a real service that is killed, has no room, or is sent more than it should hold in memory."""

import io
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.service.cli.commands import Service, environment, serving
from tests.service.data.tables import flowers

pytestmark = pytest.mark.slow

MEGABYTE = 1_000_000
# The header is refused, but only once all of the file has come.
LARGE_FILE_LINE = b"1.5,2.5,3.5,yes\n" * 62_500


def large(megabytes: int) -> Iterator[bytes]:
    """A file whose first line refuses it, so that reading it takes no time."""
    yield b"a,a,b,target   \n"
    for _ in range(megabytes):
        yield LARGE_FILE_LINE


@contextmanager
def alone(folder: Path) -> Iterator[Service]:
    """The service without a runner, on `folder`."""
    with serving(environment(folder), "--no-runner", cwd=folder.parent) as service:
        yield service


def uploads(folder: Path) -> list[Path]:
    return [path for path in (folder / "datasets").rglob("*") if path.is_file()]


def port_of(service: Service) -> int:
    port = httpx.URL(service.url).port

    assert port is not None

    return port


def peak(process: psutil.Process) -> int:
    """The most memory that a process has had so far, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not tell")


def put(
    service: Service, content: bytes | Iterator[bytes], name: str = "mine", kind: str = "text/csv"
) -> httpx.Response:
    address = f"{service.url}/v1/datasets/{name}"
    return httpx.put(address, content=content, headers={"Content-Type": kind}, timeout=120, trust_env=False)


def put_into_nothing(service: Service, content: bytes) -> None:
    with suppress(httpx.TransportError):
        put(service, content)


def post(service: Service, content: bytes) -> httpx.Response:
    files = {"file": ("a.csv", content, "text/csv")}
    address = f"{service.url}/v1/datasets"
    return httpx.post(address, data={"name": "by-form"}, files=files, timeout=120, trust_env=False)


def test_a_service_killed_in_the_middle_of_an_upload_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with alone(folder) as service, socket.create_connection(("127.0.0.1", port_of(service))) as connection:
        head = "PUT /v1/datasets/mine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        connection.sendall(f"{head}Content-Length: {40 * MEGABYTE}\r\n\r\n".encode())
        for chunk in large(20):
            connection.sendall(chunk)
        deadline = time.monotonic() + 20
        while sum(path.stat().st_size for path in uploads(folder)) < 10 * MEGABYTE:
            assert time.monotonic() < deadline

            time.sleep(0.01)
        service.process.kill()
        service.process.wait()

    assert uploads(folder)
    with alone(folder) as service:
        assert uploads(folder) == []
        assert list((folder / "datasets" / "incoming").iterdir()) == []
        names = [one["name"] for one in httpx.get(f"{service.url}/v1/datasets").json()["datasets"]]
        assert "mine" not in names
        assert put(service, flowers()).status_code == 201


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_reads_a_file_ends_with_the_service(tmp_path: Path, number: signal.Signals) -> None:
    rows = [f"{row}.5,{row % 7},{row % 11},{'ab'[row % 2]}" for row in range(600_000)]
    content = "\n".join(["x,y,z,target", *rows]).encode()
    folder = tmp_path / "data"
    with alone(folder) as service:
        process = psutil.Process(service.process.pid)
        sending = threading.Thread(target=put_into_nothing, args=(service, content))
        sending.start()
        deadline = time.monotonic() + 60
        while not (children := process.children()):
            assert time.monotonic() < deadline

            time.sleep(0.01)
        service.process.send_signal(number)
        service.process.wait(10)
        _, alive = psutil.wait_procs(children, timeout=10)
        sending.join()

    assert alive == []
    with alone(folder) as service:
        names = [one["name"] for one in httpx.get(f"{service.url}/v1/datasets").json()["datasets"]]
        # Asked to end, the service may still have come to the end of the file.
        assert bool(uploads(folder)) == ("mine" in names)
        assert number == signal.SIGTERM or "mine" not in names


def test_memory_stays_what_it_is(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("X.npy", "w") as member,
    ):
        for _ in range(100):
            member.write(bytes(MEGABYTE))
    with alone(tmp_path / "data") as service:
        process = psutil.Process(service.process.pid)
        assert put(service, flowers()).status_code == 201
        assert post(service, b"a,a\n").status_code == 422
        before = peak(process)

        answers = {
            "whole": put(service, large(199), "large").status_code,
            "in a form": post(service, b"".join(large(70))).status_code,
            "exploding": put(service, bomb.getvalue(), "bomb", "application/x-npz").status_code,
        }
        # What is too large is cut off; the client may notice that before it reads the answer.
        with suppress(httpx.TransportError):
            answers["too large"] = put(service, large(220), "too-large").status_code

        assert {"too large": 413} | answers == {"whole": 422, "in a form": 422, "exploding": 413, "too large": 413}
        assert peak(process) - before < 64 * MEGABYTE
        assert len(uploads(tmp_path / "data")) == 2


def test_a_file_that_there_is_no_room_for(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with alone(folder) as service:
        psutil.Process(service.process.pid).rlimit(psutil.RLIMIT_FSIZE, (5 * MEGABYTE, 5 * MEGABYTE))

        answers = put(service, b"".join(large(20))), post(service, b"".join(large(20)))

        for refused in answers:
            assert refused.status_code == 507, refused.text
            assert refused.json()["code"] == "storage-full"
            assert str(tmp_path) not in refused.text
        assert uploads(folder) == []
        assert put(service, flowers()).status_code == 201


def test_a_file_whose_arrays_there_is_no_room_for(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    rows = [f"{row % 991}.5,{row % 7},{'ab'[row % 2]}" for row in range(20_000)]
    with alone(folder) as service:
        # The file has 200 kB; 20,000 rows of two numbers take 160 kB and as much again for the targets.
        psutil.Process(service.process.pid).rlimit(psutil.RLIMIT_FSIZE, (300_000, 300_000))

        answer = put(service, "\n".join(["x,y,target", *rows]).encode())

        assert answer.status_code == 507, answer.text
        assert uploads(folder) == []
