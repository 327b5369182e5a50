"""How long reads take: a client that asks one address after the other over one connection, as a dashboard does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Final

import httpx

PAUSE_SECONDS: Final = 0.005
"""Between two requests, so that the client itself does not take the processor from whom it measures."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one kind of read."""

    count: int
    median: float
    p99: float
    longest: float


def addresses(client: httpx.Client, job: str) -> dict[str, str]:
    """Return what is read: the pages of lists from their beginning and from deep inside."""
    deep_by_number = _deep(client, f"/v1/jobs/{job}/candidates?page_size=50")
    deep_by_fitness = _deep(client, f"/v1/jobs/{job}/candidates?page_size=50&sort=fitness")
    return {
        "health": "/healthz",
        "jobs": "/v1/jobs?page_size=50",
        "one job": f"/v1/jobs/{job}",
        "candidates": f"/v1/jobs/{job}/candidates?page_size=50",
        "candidates, deep inside": deep_by_number,
        "best candidates": f"/v1/jobs/{job}/candidates?page_size=50&sort=fitness",
        "best candidates, deep inside": deep_by_fitness,
        "events, deep inside": f"/v1/jobs/{job}/events?after=500000&page_size=50",
        "chart of the best": f"/v1/jobs/{job}/charts/best-so-far?format=plotly",
        "chart of the sizes": f"/v1/jobs/{job}/charts/candidates?format=plotly",
        "page of the jobs": "/",
        "page of one job": f"/jobs/{job}",
    }


def measure(client: httpx.Client, asked: Mapping[str, str], rounds: int) -> dict[str, Times]:
    """Read each address `rounds` times, in turn; raises for an answer other than success."""
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, address in asked.items():
            headers = {"Accept": "application/json"} if "/events" in address else {}
            began = perf_counter()
            answer = client.get(address, headers=headers)
            seconds[name].append(perf_counter() - began)
            answer.raise_for_status()
            sleep(PAUSE_SECONDS)
    return {name: _times(values) for name, values in seconds.items()}


def _deep(client: httpx.Client, address: str) -> str:
    """Go on a few pages by the tokens; where a page lies does not matter to a cursor, only that it has one."""
    page = address
    for _ in range(3):
        answer = client.get(page)
        answer.raise_for_status()
        page = f"{address}&page_token={answer.json()['next_page_token']}"
    return page


def _times(seconds: list[float]) -> Times:
    ordered = sorted(1e3 * value for value in seconds)
    return Times(
        count=len(ordered),
        median=ordered[len(ordered) // 2],
        p99=ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)],
        longest=ordered[-1],
    )
