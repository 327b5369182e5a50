"""The phases of a job, one after the other, and what each takes from those before it.

Who runs the phases decides what running means: the runner goes on from stored rows and stores what comes; a
verification starts from nothing and compares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evolution.candidate import Evaluation, best
from evolution.evaluation import Evaluator
from evolution.retraining import Retraining
from evolution.search import Search
from service.runner.plan import BASELINE, FINAL, FINALISTS, SEARCH, Plan
from service.store.entities import Phase

RunPhase = Callable[[Phase, Search], list[Evaluation]]
"""Runs a search to its end as the named phase, and returns its evaluations by number."""


@dataclass(frozen=True, slots=True)
class PhaseRows:
    """What the phases brought: search, random search beside it, finalists, and the last re-training with its plan."""

    searched: Sequence[Evaluation]
    compared: Sequence[Evaluation]
    finalists: Sequence[Evaluation]
    retraining: Retraining
    retrained: Sequence[Evaluation]

    @property
    def by_phase(self) -> dict[Phase, Sequence[Evaluation]]:
        """All evaluations of the job."""
        return {
            SEARCH: self.searched,
            BASELINE: self.compared,
            FINALISTS: self.finalists,
            FINAL: self.retrained,
        }


def run_phases(plan: Plan, search: Search, evaluator: Evaluator, run_phase: RunPhase) -> PhaseRows:
    """Run all phases of a job. Raises JobFailed where nothing could be trained."""
    searched = run_phase(SEARCH, search)
    compared: Sequence[Evaluation] = []
    if plan.has_baseline and best(searched) is not None:
        compared = run_phase(BASELINE, plan.random_search(searched))
    leaders = plan.leaders(searched, compared)
    finalists = run_phase(FINALISTS, plan.finalists(leaders))
    retraining = plan.retraining(plan.arms(plan.rounds(leaders, finalists), searched))
    # Only now do the workers get the test rows.
    evaluator.use(plan.dataset)
    return PhaseRows(searched, compared, finalists, retraining, run_phase(FINAL, retraining))
