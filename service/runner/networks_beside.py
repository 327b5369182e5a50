"""The networks that are kept beside the winner's, so that people can ask them the same.

They are the runner-up's and that of the arm without hidden layers. Which one comes second is known when everything is
over, and the weights of all trainings would fill the disk until then. So these two are trained once more: the same
candidate gives the same network, bit for bit. Where it does not, because the job went on to another kind of machine,
it is not what was measured, and is not kept.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from evolution.arms import NO_HIDDEN_LAYER
from evolution.candidate import Candidate, Evaluation, best
from evolution.evaluation import Evaluator
from evolution.retraining import Retraining
from service.runner.plan import FINAL
from service.store.database import Database
from service.store.entities import Lease
from service.store.network_repository import NetworkRepository

WAIT_SECONDS = 0.5

log = logging.getLogger(__name__)


def networks_beside(retraining: Retraining, retrained: Sequence[Evaluation], main_arm: str) -> dict[str, Evaluation]:
    """Return the trainings whose networks are worth keeping, by their arms: those with the best validation scores.

    The runner-up is the arm with the next best mean validation score in the final phase, where all had the same seeds,
    epochs and rows; as everywhere, one that diverged on fewer seeds comes first. The arm without hidden layers is kept
    in any case and is no runner-up; an arm with the winner's own network is neither.
    """
    by_arm = retraining.by_arm(retrained)
    winner = by_arm[main_arm][0].candidate.key
    found = {arm: top for arm, group in by_arm.items() if (top := best(group)) and top.candidate.key != winner}
    ranked = sorted((arm for arm in found if arm not in NO_HIDDEN_LAYER), key=lambda arm: _rank(by_arm[arm]))
    return {arm: found[arm] for arm in (*ranked[:1], *(arm for arm in found if arm in NO_HIDDEN_LAYER))}


def keep_networks(
    database: Database, lease: Lease, wanted: Mapping[str, Evaluation], evaluator: Evaluator, obey: Callable[[], None]
) -> list[int]:
    """Train the wanted ones again, but for those that are kept already, keep them, and return the numbers of all kept.

    `obey` is called all the time; what it raises ends the trainings and is raised. Raises LeaseLost, and
    EvaluatorUnavailable.
    """
    with database.read() as session:
        kept = NetworkRepository(session).beside_winner(lease.job_id)
    missing = {one.candidate.number: (arm, one) for arm, one in wanted.items() if arm not in kept}
    for again in _trained([one.candidate for _, one in missing.values()], evaluator, obey):
        number = again.candidate.number
        arm, measured = missing[number]
        if again.network is None or _answers(again) != _answers(measured):
            log.warning("job %s: the network of %s did not come out as it was measured", lease.job_id, arm)
            continue
        with database.write() as session:
            NetworkRepository(session).save(lease, FINAL, number, again.candidate.architecture, again.network, arm=arm)
        kept[arm] = number
    return sorted(kept.values())


def _rank(trained: Sequence[Evaluation]) -> tuple[int, float]:
    scores = [one.fitness for one in trained if one.fitness is not None]
    return len(trained) - len(scores), -sum(scores) / len(scores)


def _trained(candidates: Sequence[Candidate], evaluator: Evaluator, obey: Callable[[], None]) -> Iterator[Evaluation]:
    try:
        for candidate in candidates:
            evaluator.submit(replace(candidate, keep_network=True))
        while evaluator.in_flight:
            yield from evaluator.wait(WAIT_SECONDS)
            obey()
    finally:
        evaluator.cancel()


def _answers(evaluation: Evaluation) -> tuple[float | None, bytes | None]:
    return evaluation.fitness, evaluation.test_predictions
