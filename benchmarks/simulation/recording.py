"""How many evaluations a second the driver can ask for, be told of and record.

The rows are written as the runner writes them: before every wait for a result, and whenever a batch is full (a
candidate and an evaluation are a row each); a transaction each, guarded by the lease, with their events. The driver's
time is real, the workers' is simulated, and both run on one clock: while the driver is busy results pile up, and the
next transaction is larger. The time of the evaluator itself is not counted: it is Ray's, or another machine's.
"""

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns

from benchmarks.simulation.evaluator import SimulatedEvaluator
from benchmarks.simulation.searches import MEDIAN_UNITS, TRAINING, LogNormalSearch, network
from benchmarks.simulation.workload import Workload
from core.training import predicted_flops
from evolution.candidate import Candidate, Evaluation
from evolution.loop import Evaluated, Proposed, Waiting, run_search
from evolution.search import Budget
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.queue import Queue


@dataclass(frozen=True, slots=True)
class Rate:
    """What was recorded at which demand (evaluations per second that the workers would do if the driver took no time).

    `per_second` were reached from the first proposal to the last commit; `use_while_fed` is the share of the workers'
    time that was busy while there was something to begin. `transaction` is the mean time of one, in milliseconds, and
    `batch` its largest number of rows.
    """

    batch: int
    demand: float
    workers: int
    evaluations: int
    per_second: float
    use_while_fed: float
    transactions: int
    transaction: float


def measure(database: Database, *, workers: int, evaluations: int, demand: float, batch: int) -> Rate:
    """Run a search that looks at nothing, three virtual workers for each simulated one, and record it as a new job."""
    workload = _demanding(demand, workers)
    lease = _claimed(database)
    budget = Budget(evaluations=evaluations)
    search = LogNormalSearch(rows=workload.rows, seed=1, parallelism=3 * workers, budget=budget)
    evaluator = SimulatedEvaluator(workload, workers, perf_counter_ns)
    transactions, writing = 0, 0.0
    for proposed, evaluated in _batches(search, evaluator, batch):
        began = perf_counter()
        with database.write() as session:
            CandidateRepository(session).record(lease, "search", proposed, evaluated)
        writing += perf_counter() - began
        transactions += 1
    # What the driver did last belongs to it.
    evaluator.wait(0)
    seconds = evaluator.now / 1e9
    return Rate(
        batch,
        demand,
        workers,
        evaluations,
        evaluations / seconds,
        evaluator.accounts.use_while_fed,
        transactions,
        1e3 * writing / transactions,
    )


def _demanding(demand: float, workers: int) -> Workload:
    """Return a workload whose trainings take workers / demand seconds in the mean."""
    plain = Workload(seed=1)
    mean = predicted_flops(network(MEDIAN_UNITS), plain.rows, TRAINING.epochs) * math.exp(0.5)
    return Workload(seed=1, flops_per_second=mean * demand / workers)


def _claimed(database: Database) -> Lease:
    with database.write() as session:
        JobRepository(session).create("simulation", "none", {}, 1)
    with database.write() as session:
        lease = Queue(session).claim(RunnerIdentity.of_this_process(), 3600)
    if lease is None:
        raise RuntimeError("the job that was just made could not be claimed: use an empty database")
    return lease


def _batches(
    search: LogNormalSearch, evaluator: SimulatedEvaluator, batch: int
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
            if rows >= batch or (rows and isinstance(event, Waiting)):
                yield proposed, evaluated
                proposed, evaluated = [], []
    if proposed or evaluated:
        yield proposed, evaluated
