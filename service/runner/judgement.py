"""The end of a job: what the re-trained arms answered on the test rows becomes a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evolution.candidate import Evaluation, best
from evolution.ledger import ledger_of
from evolution.retraining import Retraining
from evolution.verdict import ARM_LABELS, ArmResult, Verdict, arm_result, reach_verdict
from service.runner.endings import JobFailed
from service.runner.plan import Plan

FEWEST_SEEDS = 4
"""With fewer seeds the paired test rejects too often; a spec asks for five or more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and the number of the final candidate whose network is the one to download."""

    verdict: Verdict
    best_number: int


def judge(
    plan: Plan,
    retraining: Retraining,
    retrained: Sequence[Evaluation],
    searches: Mapping[str, Sequence[Evaluation]],
) -> Judgement:
    """Compare the re-trained arms on the test rows. Raises JobFailed where too little of them could be trained.

    A training that diverged answers nothing correctly: that is the recipe's fault. One that never ran, because its
    worker died or memory ran out, says nothing about its arm: its seed is left out for every arm, as pairs must stay.
    `searches` holds the evaluations of the arms that a search found. The network to download is chosen by validation
    accuracy: choosing it by the test rows would make its test accuracy a lie.
    """
    test = plan.dataset.test
    if test is None:
        raise ValueError("a verdict needs the test rows")
    lost = {
        retraining.seed_index_of(evaluation.candidate.number)
        for evaluation in retrained
        if evaluation.error is not None and evaluation.epochs == 0
    }
    by_arm: dict[str, list[Evaluation]] = {}
    for evaluation in retrained:
        number = evaluation.candidate.number
        if retraining.seed_index_of(number) not in lost:
            by_arm.setdefault(retraining.arm_of(number).name, []).append(evaluation)
    if plan.spec.verdict.seeds - len(lost) < FEWEST_SEEDS:
        raise JobFailed(
            f"{len(lost)} of {plan.spec.verdict.seeds} seeds could not be trained again; see the candidates"
        )
    kept = best(by_arm[plan.main_arm])
    if kept is None:
        raise JobFailed("the network that was found diverged on every fresh seed; see the candidates")
    arms = [_arm(name, evaluations, searches.get(name, ()), len(test)) for name, evaluations in by_arm.items()]
    verdict = reach_verdict(arms, test.targets, evolved=plan.main_arm, examples=f"test {plan.row_noun}")
    return Judgement(verdict, kept.candidate.number)


def _arm(name: str, retrained: Sequence[Evaluation], searched: Sequence[Evaluation], rows: int) -> ArmResult:
    winner = best(searched)
    return arm_result(
        name,
        ARM_LABELS[name],
        retrained,
        rows=rows,
        search=ledger_of(searched),
        search_score=None if winner is None else winner.fitness,
    )
