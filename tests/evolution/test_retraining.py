from random import Random

import pytest

from core.training import TrainingConfig
from evolution.candidate import Evaluation
from evolution.errors import InvalidSearch, SearchOrderError
from evolution.evaluation import failed_evaluation
from evolution.retraining import Arm, Retraining
from tests.evolution.builders import architecture
from tests.evolution.drivers import drive, drive_with_kills

ARMS = tuple(
    Arm(name, architecture(widths))
    for name, widths in (("evolution", (9, 5)), ("logistic_regression", ()), ("hand_100", (100,)), ("twin", (9, 5)))
)


def make(seeds: int = 3) -> Retraining:
    return Retraining(ARMS, seeds, TrainingConfig(epochs=5), rows=50, seed=8, parallelism=4, keep_network={"evolution"})


def test_every_arm_is_trained_on_the_same_fresh_seeds() -> None:
    search = make()
    candidates = [row.candidate for row in drive(search)]
    seeds = {arm.name: [one.seed for one in candidates if search.arm_of(one.number) == arm] for arm in ARMS}

    assert len(candidates) == 3 * len(ARMS)
    assert len(set(seeds["evolution"])) == 3
    assert all(used == seeds["evolution"] for used in seeds.values())
    assert [search.seed_index_of(one.number) for one in candidates] == [0] * 4 + [1] * 4 + [2] * 4


def test_a_candidate_is_what_its_arm_says() -> None:
    search = make()
    for row in drive(search):
        one = row.candidate

        assert one.architecture == search.arm_of(one.number).architecture
        assert one.operator == "retrain"
        assert one.predict_test
        assert one.keep_network == (search.arm_of(one.number).name == "evolution")
        assert one.training.epochs == 5


def test_it_resumes_like_every_search() -> None:
    assert drive_with_kills(make, Random(1)) == drive(make())


def test_finalists_have_seeds_of_their_own() -> None:
    finalists = Retraining(
        ARMS, 3, TrainingConfig(), rows=50, seed=8, parallelism=4, predict_test=False, operator="finalist"
    )
    candidates = [row.candidate for row in drive(finalists)]

    assert not set(finalists.seeds) & set(make().seeds)
    assert {one.operator for one in candidates} == {"finalist"}
    assert not any(one.predict_test for one in candidates)


def test_results_are_grouped_by_arm_in_the_order_of_the_seeds() -> None:
    search = make()
    rows = drive(search)
    grouped = search.by_arm(rows[::-1])

    assert list(grouped) == [arm.name for arm in ARMS]
    assert [one.candidate.seed for one in grouped["hand_100"]] == list(search.seeds)
    assert search.kept_seeds(rows) == (0, 1, 2)


def test_a_seed_that_the_machine_lost_is_left_out_for_every_arm() -> None:
    search = make()
    rows = drive(search)
    rows[5] = failed_evaluation(rows[5].candidate, "worker died twice")
    rows[8] = Evaluation(rows[8].candidate, None, "diverged in epoch 1", (), epochs=1, flops=1, seconds=0.1)

    assert search.kept_seeds(rows) == (0, 2)
    assert [one.error for one in search.by_arm(rows)["evolution"]] == [None, "diverged in epoch 1"]
    assert all(len(group) == 2 for group in search.by_arm(rows).values())


def test_rows_of_other_arms_are_refused() -> None:
    candidates = [row.candidate for row in drive(make())]
    with pytest.raises(SearchOrderError, match="another release"):
        make(seeds=2).resume(candidates, [])
    other = Retraining(ARMS, 3, TrainingConfig(epochs=6), rows=50, seed=8, parallelism=4, keep_network={"evolution"})
    with pytest.raises(SearchOrderError, match="another training"):
        other.resume(candidates[:1], [])


def test_arms_that_cannot_be_compared_are_refused() -> None:
    def refused(arms: tuple[Arm, ...], seeds: int = 2, keep: tuple[str, ...] = ()) -> str:
        with pytest.raises(InvalidSearch) as caught:
            Retraining(arms, seeds, TrainingConfig(), rows=9, seed=0, parallelism=1, keep_network=keep)
        return str(caught.value)

    assert "different names" in refused((ARMS[0], ARMS[0]))
    assert "at least one" in refused(())
    assert "seeds" in refused(ARMS, seeds=0)
    assert "nobody" in refused(ARMS, keep=("nobody",))
