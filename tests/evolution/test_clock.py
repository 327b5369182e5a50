import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.clock import VirtualClock
from evolution.errors import InvalidSearch


def test_candidates_go_to_the_worker_that_is_free_first() -> None:
    clock = VirtualClock(2)

    assert [clock.book(10), clock.book(4)] == [10, 4]
    assert clock.moment == 4
    assert clock.book(3) == 7
    assert clock.moment == 7
    assert clock.book(3) == 10
    assert clock.moment == 10


@given(st.integers(1, 8), st.lists(st.integers(1, 2**70), max_size=40))
def test_it_equals_a_simulation_worker_by_worker(workers: int, costs: list[int]) -> None:
    clock = VirtualClock(workers)
    free = [0] * workers
    for cost in costs:
        first = free.index(min(free))

        assert clock.moment == free[first]
        free[first] += cost

        assert clock.book(cost) == free[first]


def test_one_worker_runs_one_after_the_other() -> None:
    clock = VirtualClock(1)

    assert [clock.book(2), clock.book(3), clock.book(5)] == [2, 5, 10]


@pytest.mark.parametrize("workers", [0, -1])
def test_there_must_be_a_worker(workers: int) -> None:
    with pytest.raises(InvalidSearch, match="parallelism"):
        VirtualClock(workers)


def test_a_training_cannot_be_free() -> None:
    with pytest.raises(InvalidSearch, match="FLOP"):
        VirtualClock(1).book(0)
