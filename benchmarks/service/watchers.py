"""`python -m benchmarks.service.watchers`: what a job that many people watch costs the service.

The service runs as its users run it, without a runner. This process stores one evaluation a second, as a runner does,
and plays the browsers: each holds a stream of events and asks for what the job's page asks for (static/live.js), in the
same rhythm. Told is the processor time of the service, in percent of one core.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

import httpx
import psutil

from benchmarks.service.__main__ import address_of
from benchmarks.service.stored import claimed_job, evaluation_of, first_candidates
from evolution.candidate import Candidate
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease

WORK_SECONDS: Final = 10.0
CHART_SECONDS: Final = 30.0
CHARTS_IN_VIEW: Final = ("best-so-far", "candidates")


@dataclass(slots=True)
class Watcher:
    """One open page; `parts` are the paths below the job's page that it asks for in turns."""

    client: httpx.AsyncClient
    job: str
    old_page: bool
    events: int = 0
    requests: int = 0
    last: int = 0
    gaps: int = 0
    refused: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    best: str = ""

    async def follow(self) -> None:
        """Hold the stream, and ask for the best network when there is a new one."""
        async with self.client.stream(
            "GET", f"/v1/jobs/{self.job}/events", headers={"Accept": "text/event-stream"}
        ) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                    self.gaps += number != self.last + 1
                    self.last, self.events = number, self.events + 1
                elif '"best_number":' in line:
                    best = line.partition('"best_number":')[2].partition(",")[0]
                    if self.old_page:
                        await self.ask(f"/jobs/{self.job}/live")
                    elif best != self.best:
                        self.best = best
                        await self.ask(f"/jobs/{self.job}/best")

    async def look(self, paths: Sequence[str], seconds: float, delay: float) -> None:
        """Ask for some paths again and again, the first time after `delay` seconds."""
        await asyncio.sleep(delay)
        while True:
            for path in paths:
                await self.ask(path)
            await asyncio.sleep(seconds)

    async def ask(self, path: str) -> None:
        """Ask for one path, with the tag that it had."""
        headers = {"If-None-Match": self.tags[path]} if path in self.tags else {}
        answer = await self.client.get(path, headers=headers)
        self.requests += 1
        self.refused += answer.status_code >= 400
        if "ETag" in answer.headers:
            self.tags[path] = answer.headers["ETag"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.watchers", description=__doc__)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long the service is measured")
    parser.add_argument("--only-streams", action="store_true", help="ask for nothing beside the events")
    parser.add_argument("--old-page", action="store_true", help="ask as the first page did: all of it at every event")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'cambrian.db'}"
        environment = os.environ | {"CAMBRIAN_DATABASE_URL": url, "CAMBRIAN_DATA_DIR": folder, "CAMBRIAN_PORT": "0"}
        command = (sys.executable, "-m", "service.cli.main", "serve", "--no-runner")
        process = subprocess.Popen(  # noqa: S603 - ours
            command, env=environment | {"CAMBRIAN_LOG_LEVEL": "error"}, stderr=subprocess.PIPE, text=True
        )
        try:
            address = address_of(process)
            asyncio.run(_measure(address, url, psutil.Process(process.pid), arguments))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


async def _measure(address: str, url: str, server: psutil.Process, arguments: argparse.Namespace) -> None:
    database = Database(url)
    lease, candidates = await asyncio.to_thread(_running_job, database)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60, limits=limits) as client:
        watchers = [Watcher(client, lease.job_id, arguments.old_page) for _ in range(arguments.watchers)]
        tasks = [asyncio.create_task(_record(database, lease, candidates))]
        for place, watcher in enumerate(watchers):
            tasks.append(asyncio.create_task(watcher.follow()))
            if not (arguments.only_streams or arguments.old_page):
                job, share = lease.job_id, place / len(watchers)
                charts = [f"/v1/jobs/{job}/charts/{name}?format=plotly" for name in CHARTS_IN_VIEW]
                tasks.append(asyncio.create_task(watcher.look([f"/jobs/{job}/work"], WORK_SECONDS, share * 10)))
                tasks.append(asyncio.create_task(watcher.look(charts, CHART_SECONDS, share * 30)))
        await asyncio.sleep(5)
        before, began = server.cpu_times(), perf_counter()
        counted = [(one.events, one.requests) for one in watchers]
        await asyncio.sleep(arguments.seconds)
        after, seconds = server.cpu_times(), perf_counter() - began
        events = sum(one.events for one in watchers) - sum(one[0] for one in counted)
        requests = sum(one.requests for one in watchers) - sum(one[1] for one in counted)
        # A stream that ended would be cheap, and no measurement.
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    spent = after.user + after.system - before.user - before.system
    print(
        f"{len(watchers)} watchers, {seconds:.1f} s: {spent:.2f} CPU seconds, {100 * spent / seconds:.1f} % of one "
        f"core; {events} events told, {requests} requests ({60 * requests / seconds / len(watchers):.1f} a minute and "
        f"watcher), {sum(one.refused for one in watchers)} refused, {sum(one.gaps for one in watchers)} gaps, "
        f"{len(ended)} ended early"
    )
    with suppress(Exception):
        database.close()


def _running_job(database: Database) -> tuple[Lease, list[Candidate]]:
    lease = claimed_job(database, "watched")
    candidates = first_candidates()[:300]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", candidates, [])
    return lease, candidates


async def _record(database: Database, lease: Lease, candidates: list[Candidate]) -> None:
    """Store one evaluation a second: one event each."""

    def store(one: Candidate) -> None:
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", [], [evaluation_of(one)])

    due = monotonic()
    for one in candidates:
        await asyncio.to_thread(store, one)
        due += 1
        await asyncio.sleep(max(0.0, due - monotonic()))


if __name__ == "__main__":
    main()
