import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.objectives import COSTS, CostName, cost, front, largest_log_cost, log_cost
from tests.evolution.builders import SPACE, architecture


def test_costs_are_those_of_the_architecture() -> None:
    one = architecture((8, 4))

    assert [cost(one, name) for name in COSTS] == [one.parameter_count, one.inference_flops, one.training_flops]
    assert log_cost(one, "parameters") == math.log10(one.parameter_count)


@pytest.mark.parametrize("name", COSTS)
def test_no_network_of_the_space_costs_more_than_the_bound(name: CostName) -> None:
    most = largest_log_cost(SPACE, name)

    assert all(log_cost(one, name) <= most for one in (architecture((40, 40, 40)), architecture()))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25))
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    scores, costs = [score for score, _ in points], [price for _, price in points]
    places = front(scores, costs).tolist()

    def dominated(place: int) -> bool:
        return any(
            s >= scores[place] and c <= costs[place] and (s, c) != (scores[place], costs[place]) for s, c in points
        )

    assert {points[place] for place in places} == {point for place, point in enumerate(points) if not dominated(place)}
    assert len({points[place] for place in places}) == len(places)
    assert [costs[place] for place in places] == sorted(costs[place] for place in places)
