"""Candidates and their evaluations: written in batches by the runner that holds the job, read back to resume.

One batch is one transaction: the lease is checked, rows and counts are written and the events appended together. An
evaluation that was acknowledged is there after any crash, and none is there twice.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from evolution.candidate import Candidate, Evaluation
from service.store.bulk import insert_all
from service.store.entities import CandidateStatus, Lease, Phase
from service.store.event_repository import EventRepository
from service.store.guard import lock
from service.store.mapping import (
    candidate_from_row,
    candidate_values,
    evaluation_from_row,
    evaluation_values,
    plain_text,
)
from service.store.models import candidates, evaluations, networks
from service.store.network_repository import NetworkRepository
from service.store.progress import load_progress, save_progress

CHUNK = 500
"""Numbers in one IN list; databases limit the parameters of a statement."""

# The statements of `record` are built once. The job's row is locked while they run, so what `_STORED` finds stays
# true; should it ever not, the keys refuse the second row and with it the whole batch.
_STORED: Final = select(candidates.c.number, candidates.c.id, candidates.c.status).where(
    candidates.c.job_id == bindparam("job"),
    candidates.c.phase == bindparam("which"),
    candidates.c.number.in_(bindparam("numbers", expanding=True)),
)
_END_CANDIDATE: Final = (
    update(candidates)
    .where(candidates.c.id == evaluations.c.candidate_id, candidates.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        status=case((evaluations.c.fitness.is_(None), "failed"), else_="evaluated"),
        fitness=evaluations.c.fitness,
        negative_fitness=-evaluations.c.fitness,
    )
)
# What the event of a candidate tells: these columns of its row, as they are stored.
_PROPOSED: Final = ("phase", "number", "parents", "operator", "architecture", "parameters")


class CandidateRepository:
    """The candidates of jobs, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(
        self, lease: Lease, phase: Phase, proposed: Sequence[Candidate], evaluated: Sequence[Evaluation]
    ) -> None:
        """Store new candidates and evaluations of a phase, with their events; networks that came along are kept too.

        What is stored already is ignored: the first evaluation of a candidate stays. Raises LeaseLost, and ValueError
        for an evaluation of an unknown candidate or for a number that another candidate has.
        """
        lock(self._session, lease)
        job_id = lease.job_id
        before = load_progress(self._session, job_id, phase)
        numbers = {candidate.number for candidate in proposed} | {each.candidate.number for each in evaluated}
        stored = self._stored(job_id, phase, numbers)
        added = self._add_candidates(job_id, phase, proposed, stored)
        at_once = {row["number"] for row in added} & {each.candidate.number for each in evaluated}
        if at_once:
            stored |= self._stored(job_id, phase, at_once)
        new_evaluations = self._add_evaluations(lease, phase, evaluated, stored)
        after = replace(before, proposed=before.proposed + len(added))
        happened = [("proposed", {name: row[name] for name in _PROPOSED}) for row in added]
        for evaluation in new_evaluations:
            after = after.with_evaluation(evaluation)
            kind = "failed" if evaluation.fitness is None else "evaluated"
            happened.append((kind, {**_evaluated(phase, evaluation), "progress": after.brief()}))
        if happened:
            save_progress(self._session, job_id, after)
            EventRepository(self._session).append_all(job_id, happened)

    def load(self, job_id: str, phase: Phase) -> tuple[list[Candidate], list[Evaluation]]:
        """Return a phase's candidates and evaluations, each by number; what `Search.resume` takes."""
        rows = self._session.execute(
            select(candidates, evaluations, networks.c.content)
            .outerjoin_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
            .outerjoin(
                networks,
                (networks.c.job_id == candidates.c.job_id)
                & (networks.c.phase == candidates.c.phase)
                & (networks.c.number == candidates.c.number),
            )
            .where(candidates.c.job_id == job_id, candidates.c.phase == phase)
            .order_by(candidates.c.number)
        )
        known: list[Candidate] = []
        results: list[Evaluation] = []
        for row in rows:
            candidate = candidate_from_row(row)
            known.append(candidate)
            if row.candidate_id is not None:
                results.append(evaluation_from_row(candidate, row, row.content))
        return known, results

    def get(self, job_id: str, phase: Phase, number: int) -> tuple[Candidate, Evaluation | None] | None:
        """Return one candidate, with its evaluation when there is one, without its network; None when unknown."""
        row = self._session.execute(
            select(candidates, evaluations)
            .outerjoin_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
            .where(candidates.c.job_id == job_id, candidates.c.phase == phase, candidates.c.number == number)
        ).first()
        if row is None:
            return None
        candidate = candidate_from_row(row)
        return candidate, None if row.candidate_id is None else evaluation_from_row(candidate, row, None)

    def inconsistent(self, job_id: str) -> tuple[Phase, int] | None:
        """Return a candidate whose status or copy of the fitness is not what its evaluation says; None without one."""
        said = case(
            (evaluations.c.candidate_id.is_(None), "pending"),
            (evaluations.c.fitness.is_(None), "failed"),
            else_="evaluated",
        )
        row = self._session.execute(
            select(candidates.c.phase, candidates.c.number)
            .outerjoin_from(candidates, evaluations, evaluations.c.candidate_id == candidates.c.id)
            .where(
                candidates.c.job_id == job_id,
                or_(candidates.c.fitness.is_distinct_from(evaluations.c.fitness), candidates.c.status != said),
            )
            .order_by(candidates.c.id)
            .limit(1)
        ).first()
        return None if row is None else (row.phase, row.number)

    def _stored(self, job_id: str, phase: Phase, numbers: Collection[int]) -> "dict[int, _Stored]":
        """Return those of the numbers that are stored."""
        stored: dict[int, _Stored] = {}
        for chunk in _chunks(list(numbers)):
            rows = self._session.execute(_STORED, {"job": job_id, "which": phase, "numbers": chunk})
            stored.update((row.number, _Stored(row.id, row.status)) for row in rows)
        return stored

    def _add_candidates(
        self, job_id: str, phase: Phase, proposed: Sequence[Candidate], stored: "dict[int, _Stored]"
    ) -> list[dict[str, Any]]:
        """Store those candidates that are not, and return their rows."""
        new: dict[int, Candidate] = {}
        for candidate in proposed:
            number = candidate.number
            if number in stored:
                found = self.get(job_id, phase, number)
                if found is None or found[0] != candidate:
                    raise ValueError(f"job {job_id}, phase {phase}: another candidate {number} is stored already")
            elif new.setdefault(number, candidate) != candidate:
                raise ValueError(f"two candidates of one batch have the number {number}")
        if not new:
            return []
        rows = [candidate_values(job_id, phase, candidate) for candidate in new.values()]
        insert_all(self._session, candidates, rows)
        return rows

    def _add_evaluations(
        self, lease: Lease, phase: Phase, evaluated: Sequence[Evaluation], stored: "dict[int, _Stored]"
    ) -> list[Evaluation]:
        """Store the evaluations of those candidates that wait for one, and return them."""
        new: dict[int, Evaluation] = {}
        for evaluation in evaluated:
            number = evaluation.candidate.number
            if number not in stored:
                raise ValueError(f"job {lease.job_id}, phase {phase}: no candidate {number} was stored to evaluate")
            if stored[number].status == "pending":
                new.setdefault(number, evaluation)
        if not new:
            return []
        insert_all(
            self._session,
            evaluations,
            [{"candidate_id": stored[number].id, **evaluation_values(each)} for number, each in new.items()],
        )
        for chunk in _chunks([stored[number].id for number in new]):
            self._session.execute(_END_CANDIDATE, {"ids": chunk})
        kept = NetworkRepository(self._session)
        for number, evaluation in new.items():
            if evaluation.network is not None:
                kept.save(lease, phase, number, evaluation.candidate.architecture, evaluation.network)
        return list(new.values())


@dataclass(frozen=True, slots=True)
class _Stored:
    """What `record` must know of a candidate that is there."""

    id: int
    status: CandidateStatus


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK))


def _evaluated(phase: Phase, evaluation: Evaluation) -> dict[str, Any]:
    if evaluation.fitness is None:
        outcome: dict[str, Any] = {"error": plain_text(evaluation.error or "")}
    else:
        outcome = {"fitness": evaluation.fitness}
    return {
        "phase": phase,
        "number": evaluation.candidate.number,
        # For whoever draws it at once, without asking for the candidate.
        "parameters": evaluation.candidate.architecture.parameter_count,
        "layers": len(evaluation.candidate.architecture.widths),
        **outcome,
        "epochs": evaluation.epochs,
        "flops": evaluation.flops,
        "seconds": evaluation.seconds,
        "worker": plain_text(evaluation.worker),
    }
