"""What keeps the service from working, or soon will: the same list for `/readyz` and `cambrian doctor`.

Everybody may read `/readyz`, so the sentences name no path, no address and no owner.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from service.errors import SchemaNewer
from service.store import sqlite
from service.store.database import Database
from service.store.entities import Job, now
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.runner_repository import RunnerRepository
from service.store.schema import SchemaOlder

PATIENCE: Final = timedelta(seconds=10)
SLOW_SECONDS: Final = 1.0
LOW_BYTES: Final = 500_000_000
FULL_BYTES: Final = 20_000_000
LARGE_LOG_BYTES: Final = 64_000_000
"""SQLite begins its write-ahead log anew at 4 MB, unless somebody reads an old state all the time."""

_LOOK_AT: Final = 100
_MEGABYTE: Final = 1_000_000
_MOUNTS: Final = Path("/proc/self/mountinfo")
# Their locks are those of one machine at best, and often only look like locks.
_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "virtiofs", "vboxsf"}
)


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is not as it should be; a `serious` one keeps jobs from being taken."""

    check: str
    serious: bool
    detail: str


def concerns(database: Database, data_dir: Path) -> list[Concern]:
    """Look at everything. Raises DatabaseUnavailable where the database does not answer."""
    began = time.monotonic()
    found = list(_schema(database))
    if found:
        return [*found, *_disk(data_dir)]
    with database.read() as session:
        jobs = JobRepository(session)
        queued, running = jobs.page(_LOOK_AT, status="queued"), jobs.page(_LOOK_AT, status="running")
        runners = RunnerRepository(session).alive()
    taken = time.monotonic() - began
    if taken > SLOW_SECONDS:
        found.append(Concern("database", False, f"the database took {taken:.1f} s for a few small questions"))
    found += _waiting(queued, running, runners_alive=len(runners))
    for runner in runners:
        if runner.trouble is not None:
            found.append(Concern("runner", False, "a runner cannot train: its cluster of workers cannot be reached"))
    return [*found, *_disk(data_dir), *_sqlite(database)]


def _schema(database: Database) -> Iterator[Concern]:
    try:
        database.check_schema()
    except (SchemaNewer, SchemaOlder) as error:
        yield Concern("schema", True, str(error))


def _waiting(queued: list[Job], running: list[Job], *, runners_alive: int) -> Iterator[Concern]:
    held = [job for job in running if _held(job)]
    if queued and not held and not runners_alive and now() - queued[-1].created_at > PATIENCE:
        yield Concern("runner", False, "jobs are waiting and no runner works on any; start one with `cambrian runner`")
    lost = len(running) - len(held)
    if lost:
        yield Concern(
            "runner", False, f"{lost} running jobs have lost their runner; the next one that is free takes them over"
        )


def _held(job: Job) -> bool:
    return job.lease_runner is not None and not RunnerIdentity.parse(job.lease_runner).known_dead()


def _disk(data_dir: Path) -> Iterator[Concern]:
    try:
        free = shutil.disk_usage(_existing(data_dir)).free
    except OSError as error:
        yield Concern("disk", True, f"the data directory cannot be read: {error.strerror}")
        return
    if not os.access(_existing(data_dir), os.W_OK):
        yield Concern("disk", True, "the data directory cannot be written")
    if free < LOW_BYTES:
        yield Concern(
            "disk", free < FULL_BYTES, f"the disk of the data directory has {free / _MEGABYTE:,.0f} MB left; make room"
        )


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there: the service makes what is missing."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _sqlite(database: Database) -> Iterator[Concern]:
    if database.file is None:
        return
    kind = filesystem_of(database.file)
    if kind in _NETWORK:
        yield Concern(
            "database",
            False,
            f"SQLite lies on a network file system ({kind}), whose locks cannot be trusted; keep it on a local disk, "
            "or use PostgreSQL",
        )
    log = database.file.with_name(f"{database.file.name}-wal")
    if log.exists():
        if sqlite.safe_journal(sqlite3.sqlite_version_info) != "wal":
            yield Concern(
                "database",
                False,
                f"SQLite {sqlite3.sqlite_version} can lose data with the write-ahead log that another program began",
            )
        size = log.stat().st_size
        if size > LARGE_LOG_BYTES:
            yield Concern(
                "database",
                False,
                f"SQLite's write-ahead log has grown to {size / _MEGABYTE:,.0f} MB: some program reads without an end",
            )


def filesystem_of(file: Path) -> str:
    """Return the kind of the file system that holds a file, such as ext4 or nfs4; "unknown" where it is not told."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    real, best, kind = file.resolve(), Path(), "unknown"
    for line in lines:
        before, _, after = line.partition(" - ")
        # Spaces in a path are written as their octal code.
        point = Path(before.split()[4].encode().decode("unicode_escape"))
        if real.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, after.split()[0]
    return kind
