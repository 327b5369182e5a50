"""Uploaded files, each kept once under the SHA-256 of its content, and the arrays that they became.

The arrays lie under the SHA-256 of file and options together.
An upload gathers both in a directory of its own and gives them their names with a rename each, once they are on the
disk: whoever finds a file finds all of it. The process that fills such a directory holds its lock, which the kernel
takes back when that process dies; so what a killed upload left behind can be told from one that is still on its way.
Before the renames a note in the directory says which names they are, so that they can be looked after as well.
"""

import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from service.data.description import ReadOptions
from service.errors import StorageFull

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ARRAYS: Final = ".npz"
_NOTE: Final = "keeping"

log = logging.getLogger(__name__)


class FileStore:
    """The files below `directory`, which is made when the first one comes."""

    def __init__(self, directory: Path) -> None:
        self._files = directory / "files"
        self._prepared = directory / "prepared"
        self._incoming = directory / "incoming"

    def file_path(self, sha256: str) -> Path:
        """Return where the file of this digest lies, or would lie."""
        return self._files / sha256[:2] / sha256

    def prepared_path(self, key: str) -> Path:
        """Return where the arrays of this key (`prepared_key`) lie, or would lie."""
        return self._prepared / key[:2] / f"{key}{_ARRAYS}"

    def receive(self) -> "IncomingFile":
        """Return a new file to write to; a context manager that leaves nothing behind. Raises StorageFull."""
        with room_needed():
            self._incoming.mkdir(parents=True, exist_ok=True)
            return IncomingFile(self._incoming)

    def keep(self, incoming: "IncomingFile", key: str) -> None:
        """Give a finished file and its arrays their own names, where equal ones may lie already. Raises StorageFull.

        Until `IncomingFile.settle` says that they are to stay, a note remains of it.
        """
        with room_needed():
            incoming.note(key)
            _move(incoming.path, self.file_path(incoming.sha256))
            _move(incoming.prepared_path, self.prepared_path(key))

    def remove(self, *, files: Collection[str] = (), prepared: Collection[str] = ()) -> None:
        """Delete the files of these digests and the arrays of these keys, as far as they are there."""
        for path in (*map(self.file_path, files), *map(self.prepared_path, prepared)):
            path.unlink(missing_ok=True)
            # Only an empty directory goes.
            with suppress(OSError):
                path.parent.rmdir()

    def abandoned(self) -> list[Path]:
        """Return the directories of uploads that no living process works on."""
        found = []
        for path in self._incoming.glob("*"):
            # Whoever works on it may finish meanwhile.
            with suppress(FileNotFoundError, BlockingIOError), _directory(path) as descriptor:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(path)
        return found

    @staticmethod
    def noted(directory: Path) -> tuple[str, str] | None:
        """Return the digest and the key under which an abandoned upload was being kept; None where it was not yet."""
        try:
            digest, key = (directory / _NOTE).read_text(encoding="ascii").split()
        except (FileNotFoundError, ValueError):
            return None
        return digest, key

    @staticmethod
    def discard(directory: Path) -> None:
        """Delete what an abandoned upload left behind."""
        shutil.rmtree(directory, ignore_errors=True)


class IncomingFile:
    """A file that is being received: counted, and hashed, as it is written.

    `prepared_path` is the place for the arrays that are made of it; both lie in a directory that goes in the end.
    """

    def __init__(self, directory: Path) -> None:
        self._directory, self._lock = _locked_directory(directory)
        self._digest = hashlib.sha256()
        # Who gives up closes the file; nobody may be writing to it then.
        self._writing = threading.Lock()
        self.path = self._directory / "file"
        self.prepared_path = self._directory / f"prepared{_ARRAYS}"
        self.size = 0
        self._file = self.path.open("xb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._writing:
            self._file.close()
        if (self._directory / _NOTE).exists():
            # Nobody knows whether the files are needed; the next start of the service finds out.
            for path in (self.path, self.prepared_path):
                path.unlink(missing_ok=True)
        else:
            shutil.rmtree(self._directory, ignore_errors=True)
        os.close(self._lock)

    def note(self, key: str) -> None:
        """Note the names that the file and its arrays are about to get."""
        with (self._directory / _NOTE).open("w", encoding="ascii") as file:
            file.write(f"{self.sha256} {key}")
            file.flush()
            os.fsync(file)

    def settle(self) -> None:
        """Forget the note: a row names the files, or they are gone."""
        (self._directory / _NOTE).unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """The digest of what has been written so far, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append `data`. Raises StorageFull."""
        with room_needed(), self._writing:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        self._digest.update(data)
        self.size += len(data)


def prepared_key(file_sha256: str, options: ReadOptions) -> str:
    """Return the key of the arrays that a file becomes when it is read with these options, in hex."""
    said = json.dumps(options.to_json(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{file_sha256}\n{said}".encode()).hexdigest()


@contextmanager
def room_needed() -> Iterator[None]:
    """Turn the operating system's "there is no room" into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        log.error("an upload could not be stored: %s", error.strerror)
        raise StorageFull("the service has no room left for this file; nothing of it was kept") from error


def _locked_directory(parent: Path) -> tuple[Path, int]:
    """Make a directory and take its lock; return it with the descriptor that holds the lock."""
    while True:
        path = Path(tempfile.mkdtemp(dir=parent))
        # Before it was locked, a service that starts may have taken it for abandoned.
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _move(source: Path, target: Path) -> None:
    """Rename a file in such a way that its content and its name outlive a loss of power."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        os.fsync(file)
    os.replace(source, target)
    with _directory(target.parent) as descriptor:
        os.fsync(descriptor)
