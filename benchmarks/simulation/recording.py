"""How many evaluations a second the driver can ask for, be told of and record.

The rows are written as the runner writes them: in batches of up to 50 (a candidate and an evaluation are a row each), a
transaction each, guarded by the lease, with their events. Evaluations are counted from the first proposal to the last
commit, in real time.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

from benchmarks.simulation.evaluator import SimulatedEvaluator
from benchmarks.simulation.searches import LogNormalSearch
from benchmarks.simulation.workload import Workload
from evolution.candidate import Candidate, Evaluation
from evolution.loop import Evaluated, Proposed, Waiting, run_search
from evolution.search import Budget
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity

BATCH = 50
"""The rows of a transaction, as in `service.runner.job_run`."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What was recorded; `writing` are the seconds of the transactions, `seconds` those of everything."""

    evaluations: int
    transactions: int
    seconds: float
    writing: float

    @property
    def per_second(self) -> float:
        """Evaluations per second."""
        return self.evaluations / self.seconds


def measure(database: Database, *, workers: int, evaluations: int, at_every_wait: bool = False) -> Rate:
    """Run a search that looks at nothing, and record it.

    A driver that cannot keep up finds many results ready at every wait, and so writes full batches. With
    `at_every_wait` it writes before every wait, as the runner does, and finds one result at each: the other extreme.
    """
    workload = Workload(seed=1)
    lease = _claimed(database)
    search = LogNormalSearch(
        rows=workload.rows, seed=1, parallelism=2 * workers, budget=Budget(evaluations=evaluations)
    )
    transactions, writing = 0, 0.0
    began = perf_counter()
    for proposed, evaluated in _batches(search, SimulatedEvaluator(workload, workers), at_every_wait=at_every_wait):
        started = perf_counter()
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", proposed, evaluated)
        writing += perf_counter() - started
        transactions += 1
    return Rate(evaluations, transactions, perf_counter() - began, writing)


def _claimed(database: Database) -> Lease:
    with database.write() as session:
        JobRepository(session).create("simulation", "none", {}, 1)
    with database.write() as session:
        lease = JobRepository(session).claim(RunnerIdentity.of_this_process(), 3600)
    if lease is None:
        raise RuntimeError("the job that was just made could not be claimed: use an empty database")
    return lease


def _batches(
    search: LogNormalSearch, evaluator: SimulatedEvaluator, *, at_every_wait: bool
) -> Iterator[tuple[list[Candidate], list[Evaluation]]]:
    proposed: list[Candidate] = []
    evaluated: list[Evaluation] = []
    with closing(run_search(search, evaluator)) as events:
        for event in events:
            match event:
                case Proposed(candidate=candidate):
                    proposed.append(candidate)
                case Evaluated(evaluation=evaluation):
                    evaluated.append(evaluation)
                case Waiting():
                    pass
            rows = len(proposed) + len(evaluated)
            if rows >= BATCH or (rows and at_every_wait and isinstance(event, Waiting)):
                yield proposed, evaluated
                proposed, evaluated = [], []
    if proposed or evaluated:
        yield proposed, evaluated
