"""The end of a job: its rows become a verdict. Nothing else takes part, so it can be computed again from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.dataset import Dataset, Split
from evolution.answers import answer, network_scores
from evolution.arms import ARM_LABELS, RANDOM_SEARCH, ArmResult, arm_result
from evolution.candidate import Evaluation, best
from evolution.comparison import reach_verdict
from evolution.finalists import Finalist
from evolution.importance import importance
from evolution.ledger import ledger_of
from evolution.metric_words import quantity
from evolution.recipe import recipe_of
from evolution.recommendation import surrogate_fit
from evolution.verdict import FinalistRound, Verdict
from service.runner.endings import JobFailed
from service.runner.plan import Leaders, Plan
from service.runner.rivals import rival_result
from service.store.rival_repository import RivalFit

FEWEST_SEEDS = 4
"""With fewer seeds the paired test rejects too often; a spec asks for five or more."""


@dataclass(frozen=True, slots=True)
class JobRows:
    """All results of a job, by phase, each in the order of the numbers, and the fits of the other methods."""

    searched: Sequence[Evaluation]
    compared: Sequence[Evaluation]
    finalists: Sequence[Evaluation]
    retrained: Sequence[Evaluation]
    fits: Sequence[RivalFit]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and the number of the final candidate whose network is the one to download."""

    verdict: Verdict
    best_number: int


def judge(plan: Plan, rows: JobRows) -> Judgement:
    """Compare the re-trained arms on the test rows. Raises JobFailed where too little of them could be trained.

    A training that diverged answers nothing correctly: that is the recipe's fault. One that never ran says nothing
    about its arm: its seed is left out for every arm. The network to download is chosen by validation score: choosing
    it by the test rows would make its test score a lie.
    """
    test = plan.dataset.test
    if test is None:
        raise ValueError("a verdict needs the test rows")
    leaders = plan.leaders(rows.searched, rows.compared)
    rounds = plan.rounds(leaders, rows.finalists)
    retraining = plan.retraining(plan.arms(rounds, rows.searched))
    by_arm = retraining.by_arm(rows.retrained)
    seeds = retraining.kept_seeds(rows.retrained)
    if len(seeds) < FEWEST_SEEDS:
        lost = plan.spec.verdict.seeds - len(seeds)
        raise JobFailed(f"{lost} of {plan.spec.verdict.seeds} seeds could not be trained again; see the candidates")
    kept = best(by_arm[plan.main_arm])
    if kept is None:
        raise JobFailed("the network that was found diverged on every fresh seed; see the candidates")
    taken, skipped = plan.rivals()
    scores = network_scores(rows.searched)
    verdict = reach_verdict(
        [_arm(name, evaluations, plan, rows, rounds, leaders) for name, evaluations in by_arm.items()],
        _targets(plan.dataset, test),
        usual_answer=usual_answer(plan.dataset),
        metric=plan.metric,
        target=plan.dataset.class_names[0] if plan.predicts_numbers else None,
        evolved=plan.main_arm,
        examples=f"test {plan.row_noun}",
        epochs=plan.final_training.epochs,
        rivals=[rival_result(rival, rows.fits, seeds, len(test), numbers=plan.predicts_numbers) for rival in taken],
        skipped=skipped,
        finalists=rounds,
        answers=answer(rows.searched),
        importance=importance(
            list(scores),
            list(scores.values()),
            plan.space,
            seed=plan.spec.seed,
            fit=surrogate_fit(plan.space, plan.training),
        ),
    )
    return Judgement(verdict, kept.candidate.number)


def usual_answer(dataset: Dataset) -> tuple[float, str]:
    """Return what learning nothing would answer: the most frequent class of the training rows, or their mean."""
    if dataset.task == "regression":
        mean = float(_targets(dataset, dataset.train).mean())
        return mean, quantity(mean)
    usual = int(np.bincount(dataset.train.targets).argmax())
    return usual, dataset.class_names[usual]


def _targets(dataset: Dataset, split: Split) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    """Return one target per row: class indices, or numbers in their own units again."""
    if dataset.task != "regression":
        classes: npt.NDArray[np.int64] = split.targets
        return classes
    units = dataset.target_standardization
    numbers: npt.NDArray[np.float64] = (
        split.targets.astype(np.float64) if units is None else units.restore(split.targets)
    )[:, 0]
    return numbers


def _arm(
    name: str,
    retrained: Sequence[Evaluation],
    plan: Plan,
    rows: JobRows,
    rounds: Sequence[FinalistRound],
    leaders: Leaders,
) -> ArmResult:
    """Collect an arm; what its search and its finalists cost belongs to the search's winner."""
    searches = {RANDOM_SEARCH: rows.compared, plan.main_arm: rows.searched}
    networks = {plan.network(standing.architecture, standing.training) for standing in leaders.get(name, ())}
    finalist = _finalist(retrained[0], rounds, name if name in leaders else plan.main_arm)
    return arm_result(
        name,
        ARM_LABELS[name],
        retrained,
        rows=0 if plan.dataset.test is None else len(plan.dataset.test),
        numbers=plan.predicts_numbers,
        search=ledger_of(searches.get(name, ())),
        finalists=ledger_of(one for one in rows.finalists if plan.network(*one.candidate.key) in networks),
        search_score=None if finalist is None else finalist.search_score,
        finalist_score=None if finalist is None else finalist.mean,
    )


def _finalist(retrained: Evaluation, rounds: Sequence[FinalistRound], finder: str) -> Finalist | None:
    """Return the finalist that became this arm; None for a network that was no finalist of this search."""
    recipe = recipe_of(retrained.candidate.training)
    return next(
        (
            finalist
            for each in rounds
            if each.finder == finder
            for finalist in each.finalists
            if finalist.architecture == retrained.candidate.architecture and finalist.recipe in (None, recipe)
        ),
        None,
    )
