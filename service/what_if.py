"""What a smaller budget would have recommended: the stored evaluations replayed, nothing is trained.

What a search proposes does not depend on its budget, so the first evaluations of a job are exactly those of the same
job with a smaller budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from evolution.candidate import Evaluation
from evolution.recommendation import Standing, standings
from evolution.space import SearchSpace
from service.job_spec import JobSpec
from service.store.scores import epochs_spent, evaluated_prefix, scores

MOST_REPLAYED: Final = 20_000
"""Beyond so many a replay, which reads all scores, takes longer than a person waits for a page."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a budget of `evaluations` would have recommended, and what the `stored` evaluations say of that.

    `epochs` are those that the smaller budget would have taken. `score_by_all` is what all scores say of `recommended`,
    None when it is not ranked any more, and `gain` how much better `recommended_by_all` is than that.
    """

    evaluations: int
    stored: int
    epochs: int
    recommended: Standing | None
    recommended_by_all: Standing | None
    score_by_all: float | None
    gain: float | None


def space_of(spec: JobSpec, scored: Sequence[Evaluation]) -> SearchSpace:
    """Return the space that the search chose from; the shape of the data is that of its networks."""
    network = scored[0].candidate.architecture
    return spec.search_space(network.input_shape, network.outputs)


def replay(session: Session, job_id: str, spec: JobSpec, budgets: Sequence[int]) -> tuple[WhatIf, ...]:
    """Return what each budget recommends; there are at least as many evaluations stored without a gap."""
    stored = evaluated_prefix(session, job_id)
    more = scores(session, job_id, stored)
    space = space_of(spec, more) if more else None
    now = standings(more, space) if space is not None else ()
    found = []
    for evaluations in budgets:
        less = scores(session, job_id, evaluations)
        then = standings(less, space) if less and space is not None else ()
        leader, best = (then[0] if then else None), (now[0] if now else None)
        by_all = next((one.mean for one in now if leader is not None and _same(one, leader)), None)
        found.append(
            WhatIf(
                evaluations=evaluations,
                stored=stored,
                epochs=epochs_spent(session, job_id, evaluations),
                recommended=leader,
                recommended_by_all=best,
                score_by_all=by_all,
                gain=None if best is None or by_all is None else best.mean - by_all,
            )
        )
    return tuple(found)


def _same(one: Standing, other: Standing) -> bool:
    return one.architecture == other.architecture and one.training == other.training
