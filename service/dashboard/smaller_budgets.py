"""What half of a job's candidates and a quarter of them would have brought, in a sentence each."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from core.metrics import MetricName
from evolution.errors import InvalidSpace
from evolution.metric_words import words_of
from service.api.specs import spec_of
from service.errors import Conflict
from service.store.insights import JobSummary
from service.store.progress import Improvement
from service.store.scores import evaluated_prefix
from service.what_if import MOST_REPLAYED, WhatIf, replay

SHARES: Final = ((2, "half"), (4, "a quarter"))


def smaller_budgets(session: Session, summary: JobSummary) -> list[str]:
    """Return the sentences; empty while there are too few candidates.

    Where a replay would take long, or an earlier release's spec or networks are none that this one knows, they are
    about the best score so far alone.
    """
    search, job = summary.progress("search"), summary.job
    if search.evaluated + search.failed <= MOST_REPLAYED:
        stored = evaluated_prefix(session, job.id)
        budgets = {stored // part: share for part, share in SHARES if stored // part > 0}
        try:
            found = replay(session, job.id, spec_of(job), list(budgets))
        except (Conflict, InvalidSpace):
            return _by_best_score(search.proposed, summary)
        return [replayed_sentence(budgets[one.evaluations], one, job.metric) for one in found]
    return _by_best_score(search.proposed, summary)


def _by_best_score(candidates: int, summary: JobSummary) -> list[str]:
    return [
        best_score_sentence(share, candidates // part, summary.best_so_far, summary.job.metric)
        for part, share in SHARES
        if candidates // part > 0
    ]


def replayed_sentence(share: str, found: WhatIf, metric: MetricName) -> str:
    """Say what a share of the evaluations recommends, judged by all scores."""
    words = words_of(metric)
    opening = f"With {share} of the candidates ({found.evaluations:,} of {found.stored:,}; {found.epochs:,} epochs)"
    if found.recommended is None or found.recommended_by_all is None:
        return f"{opening} nothing could have been recommended: every training had failed."
    network = found.recommended.architecture.describe()
    if found.recommended.architecture == found.recommended_by_all.architecture:
        return f"{opening} the search would have recommended the same network, {network}."
    instead = f"{opening} the search would have recommended {network} instead of "
    instead += found.recommended_by_all.architecture.describe()
    if found.gain is None:
        return f"{instead}; all scores together do not rank it any more."
    if found.gain <= 0:
        return f"{instead}; all scores together do not see it behind."
    return f"{instead}; judged by all scores, that is {words.difference(-found.gain)}."


def best_score_sentence(share: str, candidates: int, improvements: Sequence[Improvement], metric: MetricName) -> str:
    """Say what the best score among the first candidates was: what can be told without reading all scores."""
    words = words_of(metric)
    before = [one for one in improvements if one.number < candidates]
    opening = f"After {share} of the candidates ({candidates:,})"
    if not before:
        return f"{opening} there was no score yet."
    best = words.number(before[-1].fitness)
    if before[-1] == improvements[-1]:
        return f"{opening} the best score of all, {best}, was there already."
    behind = words.difference(before[-1].fitness - improvements[-1].fitness)
    return f"{opening} the best score was {best}, {behind} to the best of all."
