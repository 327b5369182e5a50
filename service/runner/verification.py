"""Runs a finished job again from its record and compares every row; writes nothing.

The record is the spec with its seed, the fingerprint of the data, and the number of candidates at which the search
ended. All phases start from nothing, so each row of them is proposed and trained anew, and held against the stored one:
the candidate as soon as it is proposed, its outcome as soon as it is there. What failed by the machine is taken as it
is stored. At the end the verdict is reached again from the rows, and their digest is held against the record's.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import Any, Final

from pydantic import ValidationError

from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import Evaluator
from evolution.loop import Evaluated, Proposed, run_search
from evolution.search import Budget, Search
from evolution.verdict_formats import FORMAT, SECOND_FORMAT
from service.data.errors import DatasetUnavailable
from service.job_spec import JobSpec
from service.runner.environment import describe_environment, differences
from service.runner.evaluators import open_evaluator
from service.runner.job_data import load_job_data
from service.runner.judgement import JobRows, judge
from service.runner.phases import run_phases
from service.runner.plan import FINAL, Plan
from service.runner.recorded_failures import WithRecordedFailures
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import PHASES, Job, Phase
from service.store.job_repository import JobRepository
from service.store.mapping import curve_to_json, plain_text
from service.store.record_repository import RecordRepository
from service.store.rival_repository import RivalRepository
from service.store.row_digest import RowDigest, digest_rows

_OUTCOME: Final = (
    "candidate",
    "fitness",
    "error",
    "curve",
    "scores",
    "epochs",
    "flops",
    "network",
    "test_predictions",
)
"""The names of what `Evaluation.outcome` returns."""

_SHOWN: Final = 80

Rows = tuple[Mapping[int, Candidate], Mapping[int, Evaluation]]
Show = Callable[[Phase, int, int], None]
"""Hears of each evaluation that was compared: its phase, how many there are by now, and of how many."""


class NotComparable(Exception):
    """The job cannot be run again from its record here; the message says why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which a row differs; `stored` and `again` are short texts of both values."""

    phase: Phase
    number: int
    field: str
    stored: str
    again: str


class Different(Exception):
    """A row came out differently; `difference` names it."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference)
        self.difference = difference


def verify(database: Database, settings: Settings, job_id: str, show: Show) -> dict[Phase, int]:
    """Return how many rows of each phase came out equal, when all did.

    Raises Different at the first one that did not, NotComparable, JobNotFound and EvaluatorUnavailable.
    """
    with database.read() as session:
        job = JobRepository(session).get(job_id)
    plan, search = _from_record(database, settings, job)
    stored = {phase: _rows(database, job_id, phase) for phase in PHASES}
    equal: dict[Phase, int] = {}
    with open_evaluator(settings, plan.dataset.without_test(), plan.limits) as evaluator:

        def run_phase(phase: Phase, again: Search) -> list[Evaluation]:
            evaluations = list(_compared(phase, again, evaluator, stored[phase], show))
            equal[phase] = len(evaluations)
            return sorted(evaluations, key=lambda evaluation: evaluation.candidate.number)

        run_phases(plan, search, evaluator, run_phase)
    for phase, (candidates, _) in stored.items():
        if phase not in equal and candidates:
            raise Different(Difference(phase, 0, "candidate", "stored", "not proposed"))
    with database.read() as session:
        found = CandidateRepository(session).inconsistent(job_id)
    if found is not None:
        raise Different(Difference(*found, "copy of the outcome", "another one than the evaluation's", "equal to it"))
    _require_equal_verdict(database, job, plan, stored)
    _require_recorded(database, job_id, stored)
    return equal


def stored_digest(database: Database, job_id: str) -> RowDigest:
    """Return the digest of the job's rows as they are stored now."""
    return _digest({phase: _rows(database, job_id, phase) for phase in PHASES})


def changes_since(database: Database, settings: Settings, job_id: str) -> list[str]:
    """Return what is other here than where the job ran and may change bits; nothing for a job without a record."""
    with database.read() as session:
        segments = RecordRepository(session).get(job_id).segments
    here = describe_environment(settings)
    return list(dict.fromkeys(text for segment in segments for text in differences(segment.environment, here)))


def trained_on(database: Database, job_id: str) -> set[str]:
    """Return the names of the machines that trained the job's candidates."""
    rows = [_rows(database, job_id, phase) for phase in PHASES]
    return {one.worker.partition("/")[0] for _, evaluations in rows for one in evaluations.values()} - {""}


def _from_record(database: Database, settings: Settings, job: Job) -> tuple[Plan, Search]:
    if job.status != "succeeded":
        raise NotComparable(f"the job is {job.status}; only one that has succeeded has a whole record to compare with")
    try:
        spec = JobSpec.model_validate(job.spec)
        dataset, _ = load_job_data(database, settings, job)
    except ValidationError:
        raise NotComparable("this release cannot read the job's spec") from None
    except DatasetUnavailable as error:
        raise NotComparable(str(error)) from error
    if job.dataset_fingerprint != dataset.fingerprint:
        raise NotComparable(
            f"the data set {spec.dataset} has changed since the job ran: its fingerprint is another one"
        )
    plan = Plan(spec, dataset.standardized())
    # The first so many candidates are the same for every budget, and whatever ended the search.
    return plan, plan.search(spec.budget.work() if job.stopped_at is None else Budget(evaluations=job.stopped_at))


def _rows(database: Database, job_id: str, phase: Phase) -> Rows:
    with database.read() as session:
        candidates, evaluations = CandidateRepository(session).load(job_id, phase)
    return {one.number: one for one in candidates}, {one.candidate.number: one for one in evaluations}


def _compared(phase: Phase, search: Search, evaluator: Evaluator, stored: Rows, show: Show) -> Iterator[Evaluation]:
    candidates, evaluations = stored
    proposed = evaluated = 0
    with closing(run_search(search, WithRecordedFailures(evaluator, evaluations.values()))) as events:
        for event in events:
            match event:
                case Proposed(candidate=candidate):
                    proposed += 1
                    if candidate.number not in candidates:
                        raise Different(Difference(phase, candidate.number, "candidate", "not stored", "proposed"))
                    _require_equal_candidates(phase, candidates[candidate.number], candidate)
                case Evaluated(evaluation=evaluation):
                    evaluated += 1
                    number = evaluation.candidate.number
                    if number not in evaluations:
                        raise Different(Difference(phase, number, "evaluation", "not stored", "there"))
                    _require_equal_outcomes(phase, evaluations[number], evaluation)
                    show(phase, evaluated, len(evaluations))
                    yield evaluation
    if proposed < len(candidates):
        raise Different(Difference(phase, proposed, "candidate", "stored", "not proposed"))


def _require_equal_candidates(phase: Phase, stored: Candidate, again: Candidate) -> None:
    for field in fields(Candidate):
        _require_equal(phase, stored.number, field.name, getattr(stored, field.name), getattr(again, field.name))


def _require_equal_outcomes(phase: Phase, stored: Evaluation, again: Evaluation) -> None:
    for name, before, after in zip(_OUTCOME, stored.outcome(), again.outcome(), strict=True):
        # Only the network that a job ends with is kept; those beside it came from one training more.
        if name != "network" or (before is not None and stored.candidate.keep_network):
            _require_equal(phase, stored.candidate.number, name, _as_stored(name, before), _as_stored(name, after))


def _as_stored(name: str, value: Any) -> Any:
    """Return a value as a row holds it: texts without what no database stores, NaN as something equal to itself."""
    if value is None:
        return None
    if name == "error":
        return plain_text(value)
    return curve_to_json(value) if name == "curve" else value


def _require_equal(phase: Phase, number: int, field: str, stored: Any, again: Any) -> None:
    if stored != again:
        raise Different(Difference(phase, number, field, _short(stored), _short(again)))


def _require_equal_verdict(database: Database, job: Job, plan: Plan, stored: Mapping[Phase, Rows]) -> None:
    """Reach the verdict again from the stored rows, which were found to be right, and compare all of its numbers.

    The other methods' fits are taken as they are stored. Wording may change between releases and is not compared.
    """
    if job.verdict is None or job.verdict.get("format") not in (SECOND_FORMAT, FORMAT):
        return
    with database.read() as session:
        fits = RivalRepository(session).load(job.id)
    searched, compared, finalists, retrained = (
        [evaluations[number] for number in sorted(evaluations)] for _, evaluations in map(stored.__getitem__, PHASES)
    )
    taken = {one.name for one in plan.rivals()[0]}
    told = {one["name"] for one in job.verdict["rivals"]}
    if taken != told:
        raise NotComparable(
            f"other methods took part ({', '.join(sorted(told)) or 'none'}) than are installed here "
            f"({', '.join(sorted(taken)) or 'none'}); install scikit-learn, in the release of the job's machine"
        )
    again = judge(plan, JobRows(searched, compared, finalists, retrained, fits)).verdict.to_json()
    path = first_other_number(job.verdict, again)
    if path is not None:
        raise Different(Difference(FINAL, 0, f"verdict{path}", "another number", "recomputed from the rows"))


def first_other_number(stored: Any, again: Any, path: str = "") -> str | None:
    """Return the JSON pointer of the first place where two values differ in more than words; None where none does."""
    if isinstance(stored, str) and isinstance(again, str):
        return None
    if isinstance(stored, int | float) and isinstance(again, int | float):
        return None if math.isclose(stored, again, rel_tol=1e-9, abs_tol=1e-12) else path
    if isinstance(stored, dict) and isinstance(again, dict) and stored.keys() == again.keys():
        pairs = [(key, stored[key], again[key]) for key in stored]
    elif isinstance(stored, list) and isinstance(again, list) and (len(stored) == len(again) or path == "/paragraph"):
        pairs = [(str(place), one, other) for place, (one, other) in enumerate(zip(stored, again, strict=False))]
    else:
        return None if stored is None and again is None else path
    found = (first_other_number(one, other, f"{path}/{key}") for key, one, other in pairs)
    return next((place for place in found if place is not None), None)


def _require_recorded(database: Database, job_id: str, stored: Mapping[Phase, Rows]) -> None:
    """Compare the rows with what the record says they were; the last check, because it could not name the row.

    Another release may write the same row with another field, so its digest says nothing here.
    """
    with database.read() as session:
        record = RecordRepository(session).get(job_id)
    recorded, now = record.rows, _digest(stored)
    releases = {segment.environment["packages"]["cambrian"] for segment in record.segments}
    if recorded is not None and recorded != now and releases == {version("cambrian")}:
        raise Different(Difference(FINAL, 0, "digest of all rows in the record", recorded.sha256, now.sha256))


def _digest(stored: Mapping[Phase, Rows]) -> RowDigest:
    return digest_rows({phase: list(evaluations.values()) for phase, (_, evaluations) in stored.items()})


def _short(value: Any) -> str:
    text = f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
