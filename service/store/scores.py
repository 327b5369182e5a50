"""The scores of a job's search, as a recommendation needs them: quick, however many candidates there are.

A recommendation looks at the few hundred networks that a surrogate is fitted to. Which ones these are can be told from
the scores alone, so architectures stay text until it is known, and learning curves stay in the database. A search on
the ladder is another matter: what its short trainings are worth follows from the curves of all full ones, so there
everything is loaded.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Row, Text, cast, func, select
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.observed import best_and_latest
from service.store.entities import Phase
from service.store.mapping import curve_from_json
from service.store.models import candidates, evaluations

PHASE: Phase = "search"


def evaluated_prefix(session: Session, job_id: str) -> int:
    """Return how many candidates of the search have an evaluation without a gap before them."""
    of_search = (candidates.c.job_id == job_id, candidates.c.phase == PHASE)
    gap = session.execute(
        select(func.min(candidates.c.number)).where(*of_search, candidates.c.status == "pending")
    ).scalar_one()
    if gap is not None:
        return int(gap)
    return int(session.execute(select(func.count()).select_from(candidates).where(*of_search)).scalar_one())


def epochs_spent(session: Session, job_id: str, first: int) -> int:
    """Return the training epochs of the first so many candidates of the search."""
    spent = session.execute(
        select(func.coalesce(func.sum(evaluations.c.epochs), 0))
        .join_from(evaluations, candidates, evaluations.c.candidate_id == candidates.c.id)
        .where(candidates.c.job_id == job_id, candidates.c.phase == PHASE, candidates.c.number < first)
    ).scalar_one()
    return int(spent)


def scores(session: Session, job_id: str, first: int | None = None) -> list[Evaluation]:
    """Return the scored evaluations of those networks of the search that a surrogate is fitted to, by number.

    `first` leaves out all but so many candidates. Parents and predictions are not loaded, and curves only where some
    trainings stopped on the ladder: then the scores of all networks come.
    """
    of_search = [candidates.c.job_id == job_id, candidates.c.phase == PHASE]
    if first is not None:
        of_search.append(candidates.c.number < first)
    ladder = session.execute(
        select(candidates.c.id).where(*of_search, candidates.c.stop_after.is_not(None)).limit(1)
    ).first()
    query = (
        select(
            candidates.c.number,
            candidates.c.operator,
            candidates.c.seed,
            cast(candidates.c.architecture, Text).label("architecture"),
            cast(candidates.c.training, Text).label("training"),
            candidates.c.replicates,
            candidates.c.stop_after,
            evaluations.c.fitness,
            evaluations.c.scores,
            evaluations.c.epochs,
            evaluations.c.flops,
            evaluations.c.seconds,
        )
        .join_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
        .where(*of_search, evaluations.c.fitness.is_not(None))
        .order_by(candidates.c.number)
    )
    if ladder is not None:
        query = query.add_columns(evaluations.c.curve)
    rows = session.execute(query).all()
    chosen = _chosen(rows) if ladder is None else None
    architectures: dict[str, Architecture] = {}
    trainings: dict[str, TrainingConfig] = {}
    found = []
    for row in rows:
        if chosen is not None and (row.architecture, row.training) not in chosen:
            continue
        if row.architecture not in architectures:
            architectures[row.architecture] = Architecture.from_json(json.loads(row.architecture))
        if row.training not in trainings:
            trainings[row.training] = TrainingConfig.from_json(json.loads(row.training))
        candidate = Candidate(
            row.number,
            (),
            row.operator,
            row.seed,
            architectures[row.architecture],
            trainings[row.training],
            replicates=row.replicates,
            stop_after=row.stop_after,
        )
        found.append(
            Evaluation(
                candidate,
                row.fitness,
                None,
                curve=() if ladder is None else curve_from_json(row.curve),
                epochs=row.epochs,
                flops=row.flops,
                seconds=row.seconds,
                scores=tuple(row.scores or ()),
            )
        )
    return found


def _chosen(rows: Sequence[Row[Any]]) -> set[tuple[str, str]]:
    """Return the networks that a surrogate looks at, each as its two texts; equal networks are written alike."""
    places: dict[tuple[str, str], int] = {}
    sums: list[float] = []
    counts: list[float] = []
    for row in rows:
        place = places.setdefault((row.architecture, row.training), len(places))
        if place == len(sums):
            sums.append(0.0)
            counts.append(0.0)
        for score in row.scores or (row.fitness,):
            sums[place] += score
            counts[place] += 1
    networks = list(places)
    return {networks[place] for place in best_and_latest(np.array(sums), np.array(counts))}
