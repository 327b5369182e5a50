"""Hands the events of jobs to the streams that follow them.

The rows are the state, and the runner is another process: so one task of the web process looks at the jobs that are
being followed, ten times a second and once for all streams of a job. It reads what is new of a job once, and every
stream that has told all before sends the same bytes. A stream that begins, or has fallen behind what is kept, reads its
own events from the database until it has caught up; so one that begins anywhere, in any process, gets the same events.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from service.api.event_tail import Tail, as_bytes
from service.errors import DatabaseUnavailable, JobNotFound
from service.store.database import Database
from service.store.entities import FINAL_STATUSES, Event
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository

BATCH: Final = 200
_POLL_SECONDS: Final = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A job that at least one stream follows; `tail` is None before it was looked at for the first time.

    `ended` says that no event follows those of the tail: the status of the finished job, or "deleted".
    """

    streams: int = 0
    tail: Tail | None = None
    ended: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look found of a job: its events beyond those known, and how it has ended once these are told."""

    event_count: int
    events: tuple[Event, ...]
    ended: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """What a stream read by itself: events up to `last`, whether there may be more, and how the job has ended."""

    data: bytes
    last: int
    more: bool
    ended: str | None


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
                more = await self._look()
            except DatabaseUnavailable:
                # The streams live on with their keep-alives, and go on when the database is back.
                log.warning("the database does not answer; event streams wait for it")
                await asyncio.sleep(1)
            except Exception:
                log.exception("looking for new events failed")
                await asyncio.sleep(1)
            else:
                await asyncio.sleep(0 if more else _POLL_SECONDS)

    def close(self) -> None:
        """End every stream now, and each that begins later after what is already there."""
        self._closed = True
        for watched in self._watched.values():
            watched.changed.set()

    async def stream(self, job_id: str, after: int) -> AsyncIterator[bytes | KeepAlive | Ended]:
        """Yield the events of a job with a sequence above `after` as they come, and `Ended` at last.

        Events come written down (`event_tail.as_bytes`), one or several together.
        """
        with self._following(job_id) as watched:
            # What happened before somebody looked is in the database alone.
            behind = True
            while True:
                tail = watched.tail
                new = None if behind or tail is None else tail.after(after)
                if new is None:
                    try:
                        read = await self._in_thread(job_id, after)
                    except JobNotFound:
                        yield Ended("deleted")
                        return
                    except DatabaseUnavailable:
                        yield Ended(None) if self._closed else KeepAlive()
                        if self._closed:
                            return
                        await asyncio.sleep(1)
                        continue
                    new, after, behind = read.data, read.last, read.more
                    if new:
                        yield new
                    if behind:
                        continue
                    if read.ended is not None:
                        yield Ended(read.ended)
                        return
                elif new and tail is not None:
                    # Noted before it is sent: the tail may be longer by then.
                    after = tail.last
                    yield new
                if watched.ended is not None and watched.tail is not None and after >= watched.tail.last:
                    yield Ended(watched.ended)
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
                while not (
                    self._closed
                    or watched.ended is not None
                    or (watched.tail is not None and watched.tail.last > after)
                ):
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

    async def _look(self) -> bool:
        """Take up what is new of the followed jobs; say whether there is more than was read."""
        asked = dict(self._watched)
        known = {job_id: None if one.tail is None else one.tail.last for job_id, one in asked.items()}
        more = False
        for job_id, seen in (await asyncio.to_thread(self._see, known)).items():
            watched = asked[job_id]
            if watched.tail is None:
                watched.tail = Tail(seen.event_count)
            watched.tail.extend(seen.events)
            watched.ended = seen.ended
            behind = watched.tail.last < seen.event_count
            more = more or behind
            if seen.events or seen.ended is not None or known[job_id] is None:
                watched.changed.set()
        return more

    def _see(self, known: Mapping[str, int | None]) -> dict[str, _Seen]:
        seen: dict[str, _Seen] = {}
        # One state of the database for all of a job: if it is finished here, then no event comes after these.
        with self._database.read() as session:
            stored = EventRepository(session)
            counts = stored.counts(list(known))
            for job_id, last in known.items():
                if job_id not in counts:
                    seen[job_id] = _Seen(last or 0, (), "deleted")
                    continue
                count, status = counts[job_id]
                events = stored.after(job_id, last, BATCH) if last is not None and count > last else []
                whole = last is None or last + len(events) == count
                seen[job_id] = _Seen(count, tuple(events), status if status in FINAL_STATUSES and whole else None)
        return seen

    async def _in_thread(self, job_id: str, after: int) -> _Read:
        async with self._slots:
            return await asyncio.to_thread(self._read, job_id, after)

    def _read(self, job_id: str, after: int) -> _Read:
        # One state of the database: if the job is finished here, then no event comes after these.
        with self._database.read() as session:
            job = JobRepository(session).get(job_id)
            events = EventRepository(session).after(job_id, after, BATCH)
        return _Read(
            data=b"".join(as_bytes(event) for event in events),
            last=events[-1].sequence if events else after,
            more=len(events) == BATCH,
            ended=job.status if job.finished else None,
        )
