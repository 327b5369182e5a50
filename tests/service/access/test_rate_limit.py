import math

import pytest

from service.access import rate_limit
from service.access.rate_limit import RateLimit, network_of


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_and_then_the_rate(clock: Clock) -> None:
    limit = RateLimit(60, 5, clock)
    granted = [limit.take("a") for _ in range(6)]

    assert [allowance.left for allowance in granted] == [4, 3, 2, 1, 0, 0]
    assert [allowance.granted for allowance in granted] == [True] * 5 + [False]
    assert granted[5].wait_seconds == pytest.approx(1)
    assert granted[4].reset_seconds == pytest.approx(5)

    clock.now += 1

    assert limit.take("a").granted
    assert not limit.take("a").granted


def test_the_wait_that_is_told_is_enough(clock: Clock) -> None:
    limit = RateLimit(7, 1, clock)
    for _ in range(200):
        while limit.take("a").granted:
            pass
        clock.now += math.ceil(limit.take("a").wait_seconds)

        assert limit.take("a").granted


def test_keys_do_not_share(clock: Clock) -> None:
    limit = RateLimit(60, 1, clock)

    assert limit.take("a").granted
    assert limit.take("b").granted
    assert not limit.take("a").granted


def test_silent_keys_are_forgotten(clock: Clock) -> None:
    limit = RateLimit(60, 5, clock)
    for number in range(100):
        limit.take(str(number))
    clock.now += limit.window
    limit.take("new")

    assert len(limit) == 1


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_KEYS", 10)
    limit = RateLimit(60, 1, clock)
    for number in range(100):
        limit.take(str(number))

    assert len(limit) == 10
    assert not limit.take("99").granted


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_client(address: str, network: str) -> None:
    assert network_of(address) == network
