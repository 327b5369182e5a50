import errno
import hashlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.data.description import ReadOptions
from service.data.file_store import FileStore, prepared_key, room_needed
from service.errors import StorageFull

CONTENT = b"a,b\n1,2\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
KEY = "cd" * 32


def keep(store: FileStore, content: bytes = CONTENT, key: str = KEY) -> str:
    with store.receive() as incoming:
        for byte in range(len(content)):
            incoming.write(content[byte : byte + 1])
        incoming.prepared_path.write_bytes(b"arrays")
        store.keep(incoming, key)
        incoming.settle()
        return incoming.sha256


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_a_file_lies_under_its_digest(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    assert keep(store) == DIGEST
    assert store.file_path(DIGEST).read_bytes() == CONTENT
    assert store.prepared_path(KEY).read_bytes() == b"arrays"
    assert files(tmp_path) == [f"files/{DIGEST[:2]}/{DIGEST}", f"prepared/cd/{KEY}.npz"]
    assert list((tmp_path / "incoming").iterdir()) == []


def test_the_same_file_twice_is_stored_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    keep(store)

    keep(store)
    keep(store, key="ef" * 32)

    prepared = [f"prepared/{key[:2]}/{key}.npz" for key in (KEY, "ef" * 32)]
    assert files(tmp_path) == [f"files/{DIGEST[:2]}/{DIGEST}", *prepared]


def test_what_is_not_kept_goes(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    with store.receive() as incoming:
        incoming.write(CONTENT)
        incoming.prepared_path.write_bytes(b"arrays")

    assert files(tmp_path) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def test_nothing_is_made_before_the_first_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "none")

    assert store.abandoned() == []
    assert not (tmp_path / "none").exists()


def test_removed_files_take_their_directories_along(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    keep(store)

    store.remove(files=[DIGEST, "00" * 32], prepared=[KEY])

    assert list((tmp_path / "files").iterdir()) == []
    assert list((tmp_path / "prepared").iterdir()) == []


def test_uploads_of_living_processes_are_left_alone(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    with store.receive() as incoming:
        incoming.write(CONTENT)

        assert FileStore(tmp_path).abandoned() == []

        incoming.prepared_path.write_bytes(b"arrays")
        store.keep(incoming, KEY)
        incoming.settle()

    assert len(files(tmp_path)) == 2


def test_an_upload_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from service.data.file_store import FileStore\n"
        "with FileStore(Path(sys.argv[1])).receive() as incoming:\n"
        "    incoming.write(b'half')\n"
        "    print('written', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)

    store = FileStore(tmp_path)
    assert len(files(tmp_path)) == 1
    [abandoned] = store.abandoned()
    assert store.noted(abandoned) is None
    store.discard(abandoned)
    assert list((tmp_path / "incoming").iterdir()) == []


def test_what_was_kept_and_not_settled_stays_noted(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with store.receive() as incoming:
        incoming.write(CONTENT)
        incoming.prepared_path.write_bytes(b"arrays")
        store.keep(incoming, KEY)

    [abandoned] = store.abandoned()

    assert store.noted(abandoned) == (DIGEST, KEY)


def test_a_file_larger_than_the_process_may_write(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(StorageFull, match="no room"), store.receive() as incoming:
            incoming.write(b"x" * 5_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk() -> None:
    with pytest.raises(StorageFull), room_needed(), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), room_needed():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_the_key_of_arrays_depends_on_file_and_options() -> None:
    plain = prepared_key(DIGEST, ReadOptions())

    assert plain == prepared_key(DIGEST, ReadOptions())
    assert len({plain, prepared_key("00" * 32, ReadOptions()), prepared_key(DIGEST, ReadOptions(target="a"))}) == 3
