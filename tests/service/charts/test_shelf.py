import asyncio
from collections.abc import Callable

import pytest

from service.charts.shelf import MOST_SECONDS, Made, Shelf

pytestmark = pytest.mark.slow


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Maker:
    """Makes a chart of a job that has so many events, and counts how often it was asked."""

    def __init__(self, clock: Clock, seconds: float = 0.0, size: int = 10) -> None:
        self.events = 1
        self.asked = 0
        self._clock = clock
        self._seconds = seconds
        self._size = size

    def __call__(self) -> tuple[bytes, int]:
        self.asked += 1
        self._clock.now += self._seconds
        return b"x" * self._size, self.events


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ask(
    shelf: Shelf, make: Callable[[], tuple[bytes, int]], events: int, key: str = "a", *, final: bool = False
) -> Made:
    return asyncio.run(shelf.get(key, events, make, final=final))


def test_fifty_who_ask_at_once_share_one(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock)

    async def crowd() -> list[Made]:
        return await asyncio.gather(*(shelf.get("a", 1, make, final=False) for _ in range(50)))

    found = asyncio.run(crowd())

    assert make.asked == 1
    assert len({id(one) for one in found}) == 1


def test_a_chart_is_made_again_after_an_event(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock)
    ask(shelf, make, 1)
    ask(shelf, make, 1)

    assert make.asked == 1

    make.events = 2

    assert ask(shelf, make, 2).events == 2
    assert make.asked == 2


def test_one_that_took_long_is_shown_for_ten_times_as_long(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock, seconds=0.5)
    ask(shelf, make, 1)
    make.events = 2
    clock.now += 4.9

    assert ask(shelf, make, 2).events == 1

    clock.now += 0.2

    assert ask(shelf, make, 2).events == 2


def test_but_not_for_longer_than_some_seconds(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock, seconds=60)
    ask(shelf, make, 1)
    make.events = 2
    clock.now += MOST_SECONDS

    assert ask(shelf, make, 2).events == 2


def test_a_final_job_is_shown_as_it_ended(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock, seconds=5)
    ask(shelf, make, 1)
    make.events = 2

    assert ask(shelf, make, 2, final=True).events == 2


def test_it_holds_no_more_than_it_may(clock: Clock) -> None:
    shelf, make = Shelf(most_bytes=35, clock=clock), Maker(clock)
    for key in ("a", "b", "c"):
        ask(shelf, make, 1, key)
    ask(shelf, make, 1, "a")
    ask(shelf, make, 1, "d")

    assert shelf.bytes_held == 30
    assert make.asked == 4

    ask(shelf, make, 1, "a")

    assert make.asked == 4

    ask(shelf, make, 1, "b")

    assert make.asked == 5


def test_what_is_too_large_is_answered_but_not_held(clock: Clock) -> None:
    shelf, make = Shelf(most_bytes=35, clock=clock), Maker(clock, size=36)

    assert len(ask(shelf, make, 1).content) == 36
    assert shelf.bytes_held == 0


def test_a_failure_is_not_held_and_stops_nobody(clock: Clock) -> None:
    shelf, make = Shelf(clock=clock), Maker(clock)

    def fail() -> tuple[bytes, int]:
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError):
        ask(shelf, fail, 1)

    assert ask(shelf, make, 1).events == 1
