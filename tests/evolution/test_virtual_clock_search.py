"""What every search over the virtual clock must do, shown for each strategy."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training import predicted_flops
from evolution.candidate import Candidate, Evaluation
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.objectives import CostName
from evolution.search import Budget, StrategyName
from evolution.space import SearchSpace
from evolution.strategies import make_search
from evolution.virtual_clock_search import View, VirtualClockSearch
from tests.evolution.builders import SPACE, TRAINING, candidate, evaluation
from tests.evolution.drivers import answer, drive, drive_with_kills

# Whole searches, again and again.
pytestmark = pytest.mark.slow

Strategy = tuple[StrategyName, CostName | None]
STRATEGIES: list[Strategy] = [
    ("evolution", None),
    ("evolution", "parameters"),
    ("nsga2", None),
    ("nsga2", "inference_flops"),
    ("regularized", None),
    ("random", None),
]


def name_of(strategy: Strategy) -> str:
    return "+".join(filter(None, strategy))


each_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=name_of)
# Where a test runs many searches, those with a surrogate take seconds.
each_strategy_often = pytest.mark.parametrize(
    "strategy",
    [pytest.param(one, marks=pytest.mark.slow) if one[0] == "evolution" else one for one in STRATEGIES],
    ids=name_of,
)
REPEATING: Strategy = ("evolution", None)
ROWS = 120


def make(
    strategy: Strategy,
    *,
    seed: int = 1,
    parallelism: int = 4,
    budget: Budget | None = None,
    space: SearchSpace = SPACE,
    **more: Any,
) -> VirtualClockSearch:
    budget = budget or Budget(evaluations=60)
    name, cost = strategy
    return make_search(
        name, space, TRAINING, rows=ROWS, seed=seed, parallelism=parallelism, budget=budget, cost=cost, **more
    )


@each_strategy_often
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), parallelism=st.integers(1, 40), order=st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(strategy: Strategy, seed: int, parallelism: int, order: Random) -> None:
    def search() -> VirtualClockSearch:
        return make(strategy, seed=seed, parallelism=parallelism, budget=Budget(evaluations=35))

    rows = drive(search())

    assert len(rows) == 35
    assert drive(search(), order=order) == rows


@each_strategy
@pytest.mark.parametrize("budget", [Budget(evaluations=40), Budget(epochs=90)])
@pytest.mark.parametrize("parallelism", [1, 3, 50])
def test_a_kill_at_every_evaluation_changes_nothing(strategy: Strategy, budget: Budget, parallelism: int) -> None:
    def search() -> VirtualClockSearch:
        return make(strategy, budget=budget, parallelism=parallelism)

    assert drive_with_kills(search, Random(3)) == drive(search())


@each_strategy_often
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 99), parallelism=st.integers(1, 12), order=st.randoms(use_true_random=False))
def test_epoch_budgets_are_decided_in_virtual_time(
    strategy: Strategy, seed: int, parallelism: int, order: Random
) -> None:
    def search() -> VirtualClockSearch:
        return make(strategy, seed=seed, parallelism=parallelism, budget=Budget(epochs=50))

    rows = drive(search())

    assert drive(search(), order=order) == rows
    # Never less than the budget, and less than a whole candidate more.
    spent = sum(row.epochs for row in rows)

    assert 50 <= spent < 50 + TRAINING.epochs


@each_strategy_often
def test_other_seeds_give_other_searches(strategy: Strategy) -> None:
    assert drive(make(strategy, seed=1)) != drive(make(strategy, seed=2))


@each_strategy_often
def test_no_network_is_proposed_twice_and_all_lie_in_the_space(strategy: Strategy) -> None:
    space = SearchSpace((6,), 3, max_layers=2, min_units=2, max_units=6, max_parameters=80)
    rows = drive(make(strategy, space=space, budget=Budget(evaluations=70)))
    networks = [row.candidate.architecture for row in rows]
    new = [row.candidate.architecture for row in rows if row.candidate.operator != "repeat"]

    assert len(set(new)) == len(new)
    assert (len(new) < len(rows)) == (strategy == REPEATING)
    assert all(space.contains(network) for network in networks)
    assert [row.candidate.number for row in rows] == list(range(len(rows)))


@each_strategy
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("parallelism", [1, 4])
def test_a_tiny_space_ends_exhausted(strategy: Strategy, size: int, parallelism: int) -> None:
    space = SearchSpace((6,), 3, 1, 1, 4, 3 + size, ("tanh",))
    search = make(strategy, space=space, parallelism=parallelism)
    rows = drive(search)

    assert {row.candidate.architecture for row in rows} == set(space.walk(0))
    assert len(rows) == size
    assert search.stop_reason == "space exhausted"


@each_strategy
def test_a_budget_of_one_is_one_candidate(strategy: Strategy) -> None:
    search = make(strategy, budget=Budget(evaluations=1), parallelism=8)
    rows = drive(search)

    assert len(rows) == 1
    assert search.done
    assert search.stop_reason == "budget"


@each_strategy_often
def test_a_search_with_a_raised_budget_goes_on_as_if_from_the_start(strategy: Strategy) -> None:
    first = drive(make(strategy, budget=Budget(evaluations=25)))
    longer = make(strategy, budget=Budget(evaluations=50))
    longer.resume([row.candidate for row in first], first)

    assert first + drive(longer) == drive(make(strategy, budget=Budget(evaluations=50)))


@each_strategy_often
@pytest.mark.parametrize("unit", ["evaluations", "epochs"])
@settings(max_examples=8, deadline=None)
@given(
    parallelism=st.integers(1, 12),
    raises=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 45)), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_a_budget_that_is_raised_while_it_runs_equals_the_larger_one_from_the_start(
    strategy: Strategy, unit: str, parallelism: int, raises: list[tuple[int, int]], order: Random
) -> None:
    """Raised at any moments, also after the search was done, with results in any order, and killed in between."""
    first, most = 5, max(amount for _, amount in raises) + 5

    def budget(told: int) -> Budget:
        amount = max([first, *(amount + 5 for moment, amount in raises if moment <= told)])
        return Budget(**{unit: amount})

    candidates: list[Candidate] = []
    rows: list[Evaluation] = []
    search = make(strategy, parallelism=parallelism, budget=budget(0))
    while True:
        search.extend(budget(len(rows)))
        while (asked := search.ask()) is not None:
            candidates.append(asked)
        if search.done:
            assert search.stop_reason == "budget"
            if budget(len(rows)) == Budget(**{unit: most}):
                break
            search.extend(Budget(**{unit: most}))
            raises = [(0, most - 5)]
            continue
        known = {row.candidate.number for row in rows}
        told = answer(order.choice([one for one in candidates if one.number not in known]))
        rows.append(told)
        if order.random() < 0.2:
            search = make(strategy, parallelism=parallelism, budget=budget(len(rows) - 1))
            search.resume(candidates, rows)
        else:
            search.tell(told)

    whole = drive(make(strategy, parallelism=parallelism, budget=Budget(**{unit: most})))

    assert sorted(rows, key=lambda row: row.candidate.number) == whole


@each_strategy
@pytest.mark.parametrize("amount", [1, 7, 30])
def test_the_rows_of_a_smaller_epoch_budget_are_the_first_of_a_larger_one(strategy: Strategy, amount: int) -> None:
    less, more = (drive(make(strategy, budget=Budget(epochs=epochs))) for epochs in (amount, 90))

    assert less == more[: len(less)]


@each_strategy
def test_a_budget_neither_shrinks_nor_changes_its_kind(strategy: Strategy) -> None:
    search = make(strategy, budget=Budget(evaluations=5))

    search.extend(Budget(evaluations=5))
    with pytest.raises(InvalidSearch, match="only be raised"):
        search.extend(Budget(evaluations=4))
    with pytest.raises(InvalidSearch, match="in epochs"):
        search.extend(Budget(epochs=500))


@each_strategy
@pytest.mark.parametrize("budget", [Budget(evaluations=40), Budget(epochs=90)])
def test_a_search_that_is_closed_ends_with_what_was_begun(strategy: Strategy, budget: Budget) -> None:
    search = make(strategy, parallelism=3, budget=budget)
    waiting = [search.ask(), search.ask(), search.ask()]
    search.close("time")

    assert search.ask() is None
    assert (search.done, search.stop_reason) == (False, None)
    for asked in waiting:
        assert asked is not None
        search.tell(answer(asked))

    assert search.ask() is None
    assert (search.done, search.stop_reason, search.proposed) == (True, "time", 3)
    # What was begun is what a budget of so many evaluations gives.
    rows = drive(make(strategy, parallelism=3, budget=Budget(evaluations=3)))

    assert [row.candidate for row in rows] == waiting


def test_a_search_whose_budget_is_spent_was_not_ended_by_the_clock() -> None:
    search = make(("random", None), budget=Budget(evaluations=2))
    waiting = [search.ask(), search.ask()]
    search.close("time")
    for asked in waiting:
        assert asked is not None
        search.tell(answer(asked))

    assert search.stop_reason == "budget"


@each_strategy
def test_all_evaluations_may_fail(strategy: Strategy) -> None:
    rows = drive(make(strategy), lambda one: evaluation(one, None))

    assert len(rows) == 60


@each_strategy
def test_trainings_that_fail_at_once_still_use_up_an_epoch_budget(strategy: Strategy) -> None:
    rows = drive(make(strategy, budget=Budget(epochs=12)), lambda one: evaluation(one, None, epochs=0))

    assert len(rows) == 12


@each_strategy
def test_a_stored_candidate_is_never_bred_again(strategy: Strategy) -> None:
    """What another release stored is taken as it is, and what follows takes it into account."""
    stored = candidate(0, (7,))
    search = make(strategy, parallelism=1, budget=Budget(evaluations=2))
    search.resume([stored], [])

    assert search.ask() is None
    search.tell(answer(stored))
    following = search.ask()

    assert following is not None
    assert following.number == 1


@each_strategy
def test_what_was_never_asked_for_cannot_be_told(strategy: Strategy) -> None:
    search = make(strategy)
    asked = search.ask()

    assert asked is not None
    with pytest.raises(SearchOrderError, match="candidate 1 was told but never asked for"):
        search.tell(evaluation(candidate(1)))
    with pytest.raises(SearchOrderError, match="candidate 0 was told but never asked for"):
        search.tell(evaluation(candidate(0)))
    search.tell(evaluation(asked))
    with pytest.raises(SearchOrderError, match="told twice"):
        search.tell(evaluation(asked))


@each_strategy
def test_rows_that_cannot_have_been_are_not_resumed(strategy: Strategy) -> None:
    rows = drive(make(strategy))
    candidates = [row.candidate for row in rows]

    def resumed(change: Callable[[VirtualClockSearch], None]) -> str:
        with pytest.raises(SearchOrderError) as caught:
            change(make(strategy))
        return str(caught.value)

    assert "without gaps" in resumed(lambda search: search.resume(candidates[1:], []))
    assert "evaluations that must have come before" in resumed(lambda search: search.resume(candidates, []))
    assert "not stored so" in resumed(lambda search: search.resume(candidates[:3], rows[3:4]))
    assert "two evaluations" in resumed(lambda search: search.resume(candidates[:4], [rows[0], rows[0]]))
    search = make(strategy)
    search.ask()
    with pytest.raises(SearchOrderError, match="before the first"):
        search.resume([], [])


@each_strategy
@pytest.mark.parametrize("change", [{"parallelism": 0}, {"seed": -1}])
def test_settings_that_cannot_be_followed_are_refused(strategy: Strategy, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSearch):
        make(strategy, **change)


class Listening(VirtualClockSearch):
    """Proposes given networks and remembers what was visible for each."""

    def __init__(self, widths: list[tuple[int, ...]], parallelism: int, budget: Budget) -> None:
        super().__init__(rows=ROWS, seed=0, parallelism=parallelism, budget=budget)
        self.widths = widths
        self.seen: list[list[int]] = []

    def propose(self, number: int, view: View) -> Candidate | None:
        self.seen.append([row.candidate.number for row in view.visible])
        return candidate(number, self.widths[number])


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=25),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_exactly_what_has_finished_virtually_is_visible(units: list[int], parallelism: int, order: Random) -> None:
    """Compared with a simulation of the virtual workers that is written down in the plainest way."""
    search = Listening([(one,) for one in units], parallelism, Budget(evaluations=len(units)))
    drive(search, order=order)
    free, finishes = [0] * parallelism, list[tuple[int, int]]()
    for number, one in enumerate(units):
        moment = min(free)

        assert search.seen[number] == [other for finish, other in sorted(finishes) if finish <= moment]
        cost = predicted_flops(candidate(number, (one,)).architecture, ROWS, TRAINING.epochs)
        free[free.index(moment)] = moment + cost
        finishes.append((moment + cost, number))


def test_it_waits_only_for_results_that_must_be_seen() -> None:
    # The second candidate is far cheaper than the first, so the third is decided from the second alone.
    search = Listening([(60, 60), (2,), (2,), (2,)], 2, Budget(evaluations=4))
    first, second = search.ask(), search.ask()

    assert first is not None
    assert second is not None
    assert search.ask() is None
    search.tell(answer(first))

    assert search.ask() is None
    search.tell(answer(second))

    assert search.ask() is not None
    assert search.seen == [[], [], [1]]


def test_an_epoch_budget_goes_on_when_a_candidate_was_cheaper_than_planned() -> None:
    search = Listening([(8,)] * 9, 3, Budget(epochs=6))
    first, second = search.ask(), search.ask()

    assert first is not None
    assert second is not None
    # A third virtual worker is free, but the plans of the first two fill the budget.
    assert search.ask() is None
    assert not search.done
    search.tell(evaluation(second, epochs=1))

    # It is decided as with a larger budget, at virtual time 0, although a result is there.
    assert search.ask() is not None
    assert search.seen == [[], [], []]
    search.tell(evaluation(first, epochs=3))

    assert search.ask() is None


def test_what_an_older_release_proposed_later_is_resumed() -> None:
    """Virtual workers used to idle until a result was visible; what was booked so is booked at its moment now."""
    stored = [candidate(0, (8,)), candidate(1, (9,)), candidate(2, (10,))]
    search = Listening([(8,)] * 4, 3, Budget(epochs=6))
    search.resume(stored, [evaluation(stored[0], epochs=1), evaluation(stored[1], epochs=3)])

    assert search.proposed == 3
    assert search.ask() is None


def test_a_strategy_that_miscounts_is_stopped() -> None:
    class Miscounting(Listening):
        def propose(self, number: int, view: View) -> Candidate | None:
            return super().propose(number + 1, view)

    with pytest.raises(SearchOrderError, match="numbered candidate 0 as 1"):
        Miscounting([(4,)] * 3, 1, Budget(evaluations=3)).ask()
