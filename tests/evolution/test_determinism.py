"""Same spec, same seed, same rows: whatever is searched, in whatever order results come, wherever it was killed."""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from core.training import Epoch
from evolution.blas import pin_blas
from evolution.candidate import Candidate, Evaluation
from evolution.objectives import CostName
from evolution.recipe import RecipeSpace
from evolution.search import Budget, StrategyName
from evolution.space import SearchSpace
from evolution.stopping import StoppingRule
from evolution.strategies import make_search
from evolution.virtual_clock_search import VirtualClockSearch
from tests.evolution.builders import TRAINING
from tests.evolution.drivers import Rows, drive

# Many whole searches: seconds in all.
pytestmark = pytest.mark.slow

FLAT = SearchSpace((6,), 3)
RECIPES = replace(FLAT, recipe=RecipeSpace())
IMAGES = SearchSpace((8, 8), 3, max_layers=1, max_units=128, max_blocks=2, dropout=(0.0, 0.2), max_parameters=9000)


@dataclass(frozen=True)
class Scenario:
    """What is searched; `most` are evaluations, or epochs where the scenario counts these."""

    strategy: StrategyName = "evolution"
    cost: CostName | None = None
    space: SearchSpace = FLAT
    replicates: int = 1
    most: int = 28
    epochs: bool = False
    ladder: bool = False
    stopping: StoppingRule | None = None

    def budget(self, amount: int | None = None) -> Budget:
        amount = self.most if amount is None else amount
        return Budget(epochs=amount) if self.epochs else Budget(evaluations=amount)

    def search(self, parallelism: int, amount: int | None = None) -> VirtualClockSearch:
        more: dict[str, Any] = {"replicates": self.replicates, "ladder": self.ladder, "stopping": self.stopping}
        return make_search(
            self.strategy,
            self.space,
            TRAINING,
            rows=120,
            seed=11,
            parallelism=parallelism,
            budget=self.budget(amount),
            cost=self.cost,
            **more,
        )


SCENARIOS = {
    "evolution": Scenario(),
    "replicates": Scenario(replicates=3),
    "recipes": Scenario(space=RECIPES),
    "images": Scenario(space=IMAGES),
    "epochs": Scenario(epochs=True, most=70),
    "ladder": Scenario(epochs=True, most=90, ladder=True),
    "ladder-replicates": Scenario(epochs=True, most=200, ladder=True, replicates=3),
    "ladder-recipes-images": Scenario(
        epochs=True,
        most=90,
        ladder=True,
        space=replace(IMAGES, max_layers=2, max_units=256, max_parameters=None, recipe=RecipeSpace()),
    ),
    "stopping": Scenario(most=60, stopping=StoppingRule(0.04, 12)),
    "ladder-stopping": Scenario(epochs=True, most=160, ladder=True, stopping=StoppingRule(0.04, 12)),
    "pareto": Scenario(cost="parameters"),
    "pareto-everything": Scenario(
        cost="training_flops", epochs=True, most=130, space=replace(IMAGES, recipe=RecipeSpace()), replicates=2
    ),
    "nsga2": Scenario("nsga2", "inference_flops", space=replace(IMAGES, recipe=RecipeSpace())),
    "regularized": Scenario("regularized", space=RECIPES, epochs=True, most=70),
    "random": Scenario("random", space=IMAGES),
}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
each_parallelism = pytest.mark.parametrize("parallelism", [1, 3, 16])


def answer(candidate: Candidate) -> Evaluation:
    """A score from network and seed, told well by the first epoch; one in sixteen fails, and some stop early."""
    network = hashlib.sha256(f"{candidate.architecture.describe()} {candidate.training.to_json()}".encode()).digest()
    level = network[0] / 256
    noise = [(candidate.seed >> shift) % 64 / 3000 for shift in range(candidate.replicates)]
    scores = tuple(level + each for each in noise)
    short = candidate.stop_after is not None
    if candidate.seed % 16 == 0:
        return Evaluation(candidate, None, "diverged", (), candidate.replicates - 1, 1, 0.1)
    epochs = 1 if short else 2 + candidate.seed % 2
    return Evaluation(
        candidate,
        sum(scores) / len(scores) - 0.1 * short,
        None,
        tuple(Epoch(1.0, 1.0, scores[0] - 0.1 * (place == 0)) for place in range(epochs)),
        epochs * candidate.replicates,
        1,
        0.1,
        scores=tuple(each - 0.1 * short for each in scores) if candidate.replicates > 1 else (),
    )


def kill_at_every_event(make: Callable[[], VirtualClockSearch], order: Random) -> Rows:
    """Begin anew after every single proposal and every single result, and let results come in any order."""
    candidates: list[Candidate] = []
    rows: Rows = []
    while True:
        search = make()
        search.resume(candidates, order.sample(rows, len(rows)))
        known = {row.candidate.number for row in rows}
        waiting = [one for one in candidates if one.number not in known]
        # A result may come before everything is proposed that could be.
        asked = search.ask() if not waiting or order.random() < 0.7 else None
        if asked is not None:
            candidates.append(asked)
        elif search.done:
            return sorted(rows, key=lambda row: row.candidate.number)
        elif waiting:
            rows.append(answer(order.choice(waiting)))


@each_parallelism
@each_scenario
def test_neither_kills_nor_the_order_of_results_change_a_row(scenario: Scenario, parallelism: int) -> None:
    search = scenario.search(parallelism)
    rows = drive(search, answer)

    assert len(rows) > 20
    assert drive(scenario.search(parallelism), answer, Random(1)) == rows
    assert kill_at_every_event(lambda: scenario.search(parallelism), Random(2)) == rows


def test_a_thread_that_draws_from_the_global_random_changes_nothing() -> None:
    scenario = SCENARIOS["evolution"]
    expected = drive(scenario.search(4), answer)
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            random.random()

    drawing = threading.Thread(target=draw)
    drawing.start()
    try:
        rows = drive(scenario.search(4), answer)
    finally:
        ended.set()
        drawing.join()

    assert rows == expected


def _raises(first: int, most: int, order: Random) -> Iterator[int]:
    amount = first
    while amount < most:
        yield amount
        amount = min(most, amount + order.randrange(1, max(2, most // 4)))
    while True:
        yield most


@each_scenario
def test_a_budget_that_is_raised_in_between_gives_the_rows_of_the_larger_one(scenario: Scenario) -> None:
    parallelism, order = 3, Random(3)
    amounts = _raises(1, scenario.most, order)
    search = scenario.search(parallelism, next(amounts))
    waiting: list[Candidate] = []
    rows: Rows = []
    amount = 1
    while True:
        if order.random() < 0.2 or (search.done and amount < scenario.most):
            amount = next(amounts)
            search.extend(scenario.budget(amount))
        asked = search.ask()
        if asked is not None:
            waiting.append(asked)
        elif waiting:
            rows.append(answer(waiting.pop(order.randrange(len(waiting)))))
            search.tell(rows[-1])
        elif search.done and amount == scenario.most:
            break
    whole = scenario.search(parallelism)

    assert sorted(rows, key=lambda row: row.candidate.number) == drive(whole, answer)
    assert search.stop_reason == whole.stop_reason


def test_what_a_search_believes_is_computed_by_one_thread() -> None:
    """Two threads give other last bits, from about 130 networks on; a driver that trains nothing itself has both."""
    with threadpool_limits(limits=2, user_api="blas"):
        pin_blas.cache_clear()
        drive(Scenario(most=12).search(1), answer)
        threads = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    pin_blas.cache_clear()
    pin_blas()

    assert threads == {1}


def test_the_scenarios_do_what_their_names_say() -> None:
    ladder = [row.candidate for row in drive(SCENARIOS["ladder"].search(3), answer)]
    recipes = drive(SCENARIOS["ladder-recipes-images"].search(3), answer)
    stopped = SCENARIOS["stopping"].search(3)
    drive(stopped, answer)

    assert {one.operator for one in ladder} >= {"anchor", "promote", "repeat"}
    assert any(one.stop_after == 1 for one in ladder)
    assert any(row.candidate.stop_after == 1 for row in recipes)
    assert len({row.candidate.training for row in recipes}) > 5
    assert stopped.stop_reason == "not worth it"
