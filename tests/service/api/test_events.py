import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.store.database import Database
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository
from tests.service.api.serving import Running, pointers, problem_of, serving, submit
from tests.service.store.samples import claim

# Streams that wait for what happens.
pytestmark = pytest.mark.slow

STREAM = {"Accept": "text/event-stream"}


class Follower:
    """Reads a stream in a thread of its own; `next` waits for what comes."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._items: queue.Queue[dict[str, str] | None] = queue.Queue()
        self._client = httpx.Client(trust_env=False, timeout=20)
        self._url, self._headers = url, headers
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, *, comments: bool = False) -> dict[str, str] | None:
        """Return the fields of the next event, None at the end of the stream."""
        while True:
            item = self._items.get(timeout=15)
            if item is None or comments or "event" in item:
                return item

    def sequences(self) -> list[int]:
        """Read to the end, and return the ids."""
        seen = []
        while (item := self.next()) is not None:
            if "id" in item:
                seen.append(int(item["id"]))
        return seen

    def close(self) -> None:
        if self._socket is not None:
            # Closing the client alone would not wake the thread that reads.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._client.close()

        assert not self._thread.is_alive()

    def _read(self) -> None:
        try:
            with self._client.stream("GET", self._url, headers=self._headers) as answer:
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                fields: dict[str, str] = {}
                for line in answer.iter_lines():
                    if line == "":
                        self._items.put(fields)
                        fields = {}
                    else:
                        name, _, value = line.partition(": ")
                        fields[name] = value
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass
        finally:
            self._items.put(None)


@contextmanager
def following(
    running: Running, job_id: str, headers: dict[str, str] | None = None, query: str = ""
) -> Iterator[Follower]:
    follower = Follower(f"{running.url}/v1/jobs/{job_id}/events{query}", {**STREAM, **(headers or {})})
    try:
        yield follower
    finally:
        follower.close()


def append(database: Database, job_id: str, count: int = 1) -> None:
    with database.write() as session:
        EventRepository(session).append_all(job_id, [("tick", {"n": n}) for n in range(count)])


def finish(database: Database) -> None:
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", stop_reason="budget")


def test_events_come_at_once(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]

    with following(served, job_id) as follower:
        first = follower.next()
        assert first == {"event": "status", "data": '{"status":"queued"}', "id": "1"}

        waits = []
        for n in range(5):
            started = time.monotonic()
            append(database, job_id)
            item = follower.next()
            waits.append(time.monotonic() - started)

            assert item == {"event": "tick", "data": '{"n":0}', "id": str(n + 2)}

    assert min(waits) < 0.5


def test_the_stream_ends_after_the_last_event(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]

    with following(served, job_id) as follower:
        follower.next()
        finish(database)
        seen = []
        while (item := follower.next()) is not None:
            seen.append(item)

    assert [item["event"] for item in seen] == ["status", "status", "end"]
    assert json.loads(seen[-2]["data"])["status"] == "succeeded"
    assert seen[-1] == {"event": "end", "data": '{"status":"succeeded"}'}


def test_a_finished_job_is_told_from_the_beginning(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]
    append(database, job_id, 450)
    finish(database)

    with following(served, job_id) as follower:
        assert follower.sequences() == list(range(1, 454))


@pytest.mark.parametrize(
    ("headers", "query", "first"),
    [
        ({}, "", 1),
        ({"Last-Event-ID": "4"}, "", 5),
        ({}, "?after=4", 5),
        ({"Last-Event-ID": ""}, "?after=4", 5),
        ({"Last-Event-ID": "6"}, "?after=4", 7),
        ({"Last-Event-ID": "999"}, "", None),
    ],
)
def test_where_a_stream_begins(shared: Running, headers: dict[str, str], query: str, first: int | None) -> None:
    database: Database = shared.server.config.app.state.database  # type: ignore[union-attr]
    job_id = submit(shared.client)["id"]
    append(database, job_id, 8)
    shared.client.post(f"/v1/jobs/{job_id}/cancel")

    with following(shared, job_id, headers, query) as follower:
        assert follower.sequences() == ([] if first is None else list(range(first, 11)))


def test_a_writer_and_followers_that_come_and_go(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]
    count = 300

    def write() -> None:
        for _ in range(count // 3):
            append(database, job_id, 3)
        finish(database)

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    ended = False
    while not ended:
        headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
        with following(served, job_id, headers) as follower:
            for _ in range(40):
                item = follower.next()
                if item is None or item["event"] == "end":
                    ended = True
                    break
                seen.append(int(item["id"]))
    writer.join()

    assert seen == list(range(1, count + 4))


def test_many_followers_see_the_same(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]
    followers = [Follower(f"{served.url}/v1/jobs/{job_id}/events", STREAM) for _ in range(12)]
    for _ in range(10):
        append(database, job_id, 2)
    finish(database)

    assert [follower.sequences() for follower in followers] == [list(range(1, 24))] * 12
    for follower in followers:
        follower.close()


def test_what_many_streams_tell_is_read_once(
    served: Running, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(served.client)["id"]
    reads: list[int] = []
    after = EventRepository.after

    def counted(self: EventRepository, job: str, sequence: int, limit: int = 1000) -> Any:
        reads.append(sequence)
        return after(self, job, sequence, limit)

    followers = [Follower(f"{served.url}/v1/jobs/{job_id}/events", STREAM) for _ in range(10)]
    for follower in followers:
        follower.next()
    # The first event that comes to all of them shows that all have caught up.
    append(database, job_id)
    for follower in followers:
        follower.next()
    monkeypatch.setattr(EventRepository, "after", counted)
    for _ in range(5):
        append(database, job_id)
        for follower in followers:
            assert follower.next() is not None

    assert len(reads) == 5

    finish(database)
    for follower in followers:
        assert follower.sequences() == [8, 9]
        follower.close()


def test_more_events_at_once_than_are_kept(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]
    with following(served, job_id) as follower:
        follower.next()
        append(database, job_id, 1500)
        finish(database)

        assert follower.sequences() == list(range(2, 1504))


@pytest.mark.slow
def test_silence_is_filled(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        feed = running.server.config.app.state.event_feed  # type: ignore[union-attr]

        assert feed.keep_alive_seconds <= 15

        feed.keep_alive_seconds = 0.05
        with following(running, submit(running.client)["id"]) as follower:
            assert follower.next(comments=True) == {"": "events of this job", "retry": "1000"}
            assert follower.next() is not None
            for _ in range(3):
                assert follower.next(comments=True) == {"": "still here"}


def test_streams_end_when_the_service_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        job_id = submit(running.client)["id"]
        followers = [Follower(f"{running.url}/v1/jobs/{job_id}/events", STREAM) for _ in range(5)]
        for follower in followers:
            follower.next()

        assert running.stop() < 3

        for follower in followers:
            assert follower.next() == {"event": "close", "data": '{"reason":"the service stops"}'}
            assert follower.next() is None
            follower.close()


def test_a_follower_that_left_is_forgotten(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        feed = running.server.config.app.state.event_feed  # type: ignore[union-attr]
        feed.keep_alive_seconds = 0.05
        with following(running, submit(running.client)["id"]) as follower:
            follower.next()

            assert feed.followed == 1

        deadline = time.monotonic() + 10
        while feed.followed and time.monotonic() < deadline:
            time.sleep(0.02)

        assert feed.followed == 0


def test_the_same_events_as_pages(served: Running, database: Database) -> None:
    job_id = submit(served.client)["id"]
    append(database, job_id, 6)
    path, headers = f"/v1/jobs/{job_id}/events", {"Accept": "application/json"}

    seen: list[dict[str, Any]] = []
    parameters: dict[str, str] = {"page_size": "3"}
    while True:
        answer = served.client.get(path, params=parameters, headers=headers)
        assert answer.headers["Vary"] == "Accept"
        page = answer.json()
        seen += page["events"]
        if page["next_page_token"] is None:
            break
        parameters["page_token"] = page["next_page_token"]

    assert [event["sequence"] for event in seen] == list(range(1, 8))
    assert seen[1]["type"] == "tick"
    assert seen[1]["data"] == {"n": 0}
    assert seen[1]["created_at"].endswith("Z")

    later = served.client.get(path, params={"after": "5"}, headers=headers).json()

    assert [event["sequence"] for event in later["events"]] == [6, 7]


@pytest.mark.parametrize(
    ("headers", "query", "pointer"),
    [
        ({"Last-Event-ID": "x"}, "", "Last-Event-ID"),
        ({"Last-Event-ID": "-1"}, "", "Last-Event-ID"),
        ({"Last-Event-ID": "9" * 30}, "", "Last-Event-ID"),
        ({}, "?after=-1", "?after"),
        ({}, "?after=9223372036854775808", "?after"),
        ({}, "?after=1e3", "?after"),
        ({}, "?since=1", "?since"),
        ({"Accept": "application/json"}, "?page_token=zzz", "?page_token"),
    ],
)
def test_places_that_make_no_sense(client: httpx.Client, headers: dict[str, str], query: str, pointer: str) -> None:
    job_id = submit(client)["id"]

    body = problem_of(client.get(f"/v1/jobs/{job_id}/events{query}", headers=headers), 422)

    assert pointers(body) == [pointer]
