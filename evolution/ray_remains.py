"""What a killed process leaves of its local Ray cluster, and how the next one removes it.

Ray's main processes die with the thread that started them, but two of its agents stay for up to a minute after a
SIGKILL, and the folder of the cluster stays for ever. Each cluster of ours has a folder of its own, and whoever owns it
holds a lock on a file in it; the kernel gives the lock back when the owner dies, however it died.
"""

import fcntl
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

PREFIX = "ray-"
LOCK = "owner.lock"
UNNAMED_LOCK = "owner.new"
GONE_SECONDS = 5.0


@contextmanager
def private_folder(parent: Path | None) -> Iterator[Path]:
    """Yield a new folder that only its owner can enter, for the token and Ray's files.

    It is removed afterwards, or only the token where a parent is named: somebody wants to read Ray's logs there.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    # Locked before it has its name: whoever reaps at this moment must not find a file that nobody holds yet.
    lock = os.open(folder / UNNAMED_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / UNNAMED_LOCK).rename(folder / LOCK)
        yield folder
    finally:
        os.close(lock)
        if parent is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            for secret in ("token", LOCK):
                (folder / secret).unlink(missing_ok=True)


def reap(parent: Path | None) -> None:
    """End the processes and remove the folders of clusters whose owner is dead; those of others are left alone."""
    for lock_path in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            lock = os.open(lock_path, os.O_RDWR)
        except OSError:
            # Another user's, or just removed.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            _end_processes(lock_path.parent)
            shutil.rmtree(lock_path.parent, ignore_errors=True)
        finally:
            os.close(lock)


def _end_processes(folder: Path) -> None:
    """Kill the processes whose command line names the folder, as Ray's do, and wait until they are gone."""
    # The slash keeps a folder from being taken for another one whose name begins alike.
    name = f"{folder}/".encode()
    killed = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.stat().st_uid == os.getuid() and name in (entry / "cmdline").read_bytes():
                process = os.pidfd_open(int(entry.name))
                killed.append(process)
                signal.pidfd_send_signal(process, signal.SIGKILL)
    deadline = monotonic() + GONE_SECONDS
    for process in killed:
        # The descriptor of a process becomes readable when it ends.
        select.select([process], [], [], max(deadline - monotonic(), 0))
        os.close(process)
