"""Wakes the streams that follow a job when something happened to it.

The rows are the state, and the runner is another process: so one task of the web process looks at the jobs that are
being followed, ten times a second and once for all streams of a job, and each stream then reads its own events. Nothing
is kept here but what was seen last; a stream that begins anywhere, in any process, gets the same events.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from service.errors import DatabaseUnavailable, JobNotFound
from service.store.database import Database
from service.store.entities import Event, Job
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository

BATCH: Final = 200
_POLL_SECONDS: Final = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A job that at least one stream follows, as it was seen last."""

    streams: int = 0
    event_count: int = 0
    over: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Ended:
    """Closes a stream: the status of a finished job, or None because the service stops and the job goes on."""

    status: str | None


class KeepAlive:
    """Nothing happened for a while."""


class EventFeed:
    """Streams the events of jobs. `run` must be running meanwhile; `close` ends all streams at once."""

    def __init__(self, database: Database, *, keep_alive_seconds: float = 10.0) -> None:
        self._database = database
        self._watched: dict[str, _Watched] = {}
        self._awake = asyncio.Event()
        self._closed = False
        # Threads of their own: reading for streams never waits behind the requests, nor they behind it.
        self._slots = asyncio.Semaphore(4)
        self.keep_alive_seconds = keep_alive_seconds

    @property
    def followed(self) -> int:
        """How many jobs are being followed."""
        return len(self._watched)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(watched.streams for watched in list(self._watched.values()))

    async def run(self) -> None:
        """Look at the followed jobs until the task is cancelled."""
        while True:
            await self._awake.wait()
            try:
                await self._look()
            except DatabaseUnavailable:
                # The streams live on with their keep-alives, and go on when the database is back.
                log.warning("the database does not answer; event streams wait for it")
                await asyncio.sleep(1)
            except Exception:
                log.exception("looking for new events failed")
                await asyncio.sleep(1)
            await asyncio.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End every stream now, and each that begins later after what is already there."""
        self._closed = True
        for watched in self._watched.values():
            watched.changed.set()

    async def stream(self, job_id: str, after: int) -> AsyncIterator[Event | KeepAlive | Ended]:
        """Yield the events of a job with a sequence above `after` as they come, and `Ended` at last."""
        with self._following(job_id) as watched:
            while True:
                try:
                    job, events = await self._in_thread(job_id, after)
                except JobNotFound:
                    yield Ended("deleted")
                    return
                except DatabaseUnavailable:
                    yield Ended(None) if self._closed else KeepAlive()
                    if self._closed:
                        return
                    await asyncio.sleep(1)
                    continue
                for event in events:
                    yield event
                    after = event.sequence
                if len(events) == BATCH:
                    continue
                if job.finished:
                    yield Ended(job.status)
                    return
                if self._closed:
                    yield Ended(None)
                    return
                if not await self._something_new(watched, after):
                    yield KeepAlive()

    async def _something_new(self, watched: _Watched, after: int) -> bool:
        """Wait for events beyond `after`; False when none came within the time of a keep-alive."""
        try:
            async with asyncio.timeout(self.keep_alive_seconds):
                while not (self._closed or watched.over or watched.event_count > after):
                    watched.changed.clear()
                    await watched.changed.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def _following(self, job_id: str) -> Iterator[_Watched]:
        watched = self._watched.setdefault(job_id, _Watched())
        watched.streams += 1
        self._awake.set()
        try:
            yield watched
        finally:
            watched.streams -= 1
            if watched.streams == 0:
                del self._watched[job_id]
            if not self._watched:
                self._awake.clear()

    async def _look(self) -> None:
        seen = await asyncio.to_thread(self._states, list(self._watched))
        for job_id, state in seen.items():
            watched = self._watched.get(job_id)
            if watched is not None and (watched.event_count, watched.over) != state:
                watched.event_count, watched.over = state
                watched.changed.set()

    def _states(self, job_ids: list[str]) -> dict[str, tuple[int, bool]]:
        states: dict[str, tuple[int, bool]] = {}
        with self._database.read() as session:
            jobs = JobRepository(session)
            for job_id in job_ids:
                try:
                    job = jobs.get(job_id)
                except JobNotFound:
                    states[job_id] = (0, True)
                else:
                    states[job_id] = (job.event_count, job.finished)
        return states

    async def _in_thread(self, job_id: str, after: int) -> tuple[Job, list[Event]]:
        async with self._slots:
            return await asyncio.to_thread(self._read, job_id, after)

    def _read(self, job_id: str, after: int) -> tuple[Job, list[Event]]:
        # One state of the database: if the job is finished here, then no event comes after these.
        with self._database.read() as session:
            return JobRepository(session).get(job_id), EventRepository(session).after(job_id, after, BATCH)
