"""One job from its stored rows to its verdict.

A job has four phases, each a `Search` of its own whose rows lie under the phase's name: the search itself, the random
search that may spend as many epochs as the search did, the finalists of both on fresh seeds, and the final re-training
of every arm on others. Only the final phase's workers are given the test rows. Then other methods than networks are
fitted, one after the other, every download of the network that was found is proven, and two networks that it was
compared with are kept beside it. A phase that was interrupted goes on from its rows; one that was complete proposes
nothing any more, so that a restart simply walks through all.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from pydantic import ValidationError

from core.dataset import Split
from evolution.candidate import Candidate, Evaluation
from evolution.errors import EvaluatorUnavailable, SearchOrderError
from evolution.evaluation import Evaluator
from evolution.loop import Evaluated, Proposed, RunSearch, Waiting, run_search
from evolution.search import Search
from service.data.encoder import Encoder
from service.data.errors import DatasetUnavailable
from service.data.target_fault import target_fault
from service.job_spec import JobSpec
from service.runner.budgeted_search import BudgetedSearch
from service.runner.dataset_row import dataset_row
from service.runner.downloads import prove_downloads
from service.runner.endings import JobCancelled, JobFailed, JobPaused, JobStopped
from service.runner.environment import describe_environment
from service.runner.evaluators import open_evaluator
from service.runner.failure_budget import FailureBudget
from service.runner.heartbeat import Heartbeat
from service.runner.job_data import load_job_data
from service.runner.judgement import JobRows, judge
from service.runner.networks_beside import keep_networks, networks_beside
from service.runner.phases import PhaseRows, run_phases
from service.runner.plan import FINAL, SEARCH, Plan
from service.runner.presence import Presence
from service.runner.rivals import fit_rival
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import FinalStatus, Lease, Phase
from service.store.job_repository import JobRepository
from service.store.network_repository import NetworkRepository
from service.store.record_repository import RecordRepository
from service.store.rival_repository import RivalFit, RivalRepository
from service.store.row_digest import digest_rows

BATCH = 200
"""At most this many rows wait for one transaction; it is also written before every wait for a result.

It is only reached when many results came at once. Then the disk decides: SQLite waits for it five times in every
transaction, and where that takes 25 ms, batches of 50 would end at a thousand evaluations a second.
"""

MOST_FRUITLESS_CLAIMS = 10
CLUSTER_SECONDS = 600.0
LOCAL_SECONDS = 2.0
LONGEST_DELAY_SECONDS = 30.0
OBEY_SECONDS = 0.25

log = logging.getLogger(__name__)


class JobRun:
    """Executes one claimed job; every write is guarded by the lease."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        lease: Lease,
        heartbeat: Heartbeat,
        presence: Presence,
        stop: threading.Event,
    ) -> None:
        self._database = database
        self._settings = settings
        self._lease = lease
        self._heartbeat = heartbeat
        self._presence = presence
        self._stop = stop
        self._recorded = 0
        self._raw_test: Split | None = None
        self._encoder: Encoder | None = None

    def run(self) -> None:
        """Run the job to its end, or until it is cancelled or paused, or the runner stops. Raises LeaseLost."""
        with self._ended():
            self._run_on_evaluators(self._plan())

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """Write into the job's row how the block ended, if not with a verdict."""
        try:
            yield
        except JobStopped:
            with self._database.write() as session:
                JobRepository(session).release(self._lease)
        except JobPaused:
            log.info("job %s: paused", self._lease.job_id)
            with self._database.write() as session:
                JobRepository(session).pause(self._lease)
        except JobCancelled:
            self._finish("cancelled")
        except (JobFailed, DatasetUnavailable) as error:
            self._finish("failed", error=str(error))

    def _run_on_evaluators(self, plan: Plan) -> None:
        """Run the job on one evaluator after the other: one that breaks is replaced, with patience for a cluster.

        A cluster may be away for minutes and come back; a local evaluator that does not start twice never will.
        """
        patience = CLUSTER_SECONDS if self._settings.ray_address is not None else LOCAL_SECONDS
        last_progress, delay = time.monotonic(), 0.0
        data = plan.dataset.without_test()
        while True:
            before = self._recorded
            try:
                # The job's row is written before the evaluator is closed, which may take seconds.
                with open_evaluator(self._settings, data, plan.limits) as evaluator, self._ended():
                    self._run(plan, evaluator)
            except EvaluatorUnavailable as error:
                if self._recorded > before:
                    last_progress, delay = time.monotonic(), 0.0
                elif time.monotonic() - last_progress > patience:
                    raise JobFailed(str(error)) from error
                else:
                    delay = min(2 * delay + 1, LONGEST_DELAY_SECONDS)
                self._presence.struggles(str(error))
                log.warning("job %s: %s; trying again in %.0f s", self._lease.job_id, error, delay)
                self._pause(delay)
            else:
                return

    def _run(self, plan: Plan, evaluator: Evaluator) -> None:
        budgeted = BudgetedSearch(self._database, self._lease, plan)

        def run_phase(phase: Phase, search: Search) -> list[Evaluation]:
            if phase != SEARCH:
                return self._phase(phase, search, evaluator, run_search)
            limits, per_candidate = plan.spec.limits, plan.spec.replicates * plan.training.epochs
            return self._phase(
                phase, search, evaluator, budgeted.run, lambda: limits.most_failures(budgeted.budget, per_candidate)
            )

        rows = run_phases(plan, budgeted.search, evaluator, run_phase)
        fits = self._fit_rivals(plan, rows.retraining.seeds)
        judgement = judge(plan, JobRows(rows.searched, rows.compared, rows.finalists, rows.retrained, fits))
        self._prove_downloads(plan, judgement.best_number)
        beside = self._keep_beside(plan, rows, evaluator)
        with self._database.write() as session:
            networks, best = NetworkRepository(session), judgement.best_number
            networks.keep_only(self._lease, FINAL, best)
            encoder = None if self._encoder is None else self._encoder.to_json()
            for number in (best, *beside):
                networks.explain(self._lease, FINAL, number, plan.dataset.task, plan.dataset.class_names, encoder)
            RecordRepository(session).end(self._lease, digest_rows(rows.by_phase))
            JobRepository(session).finish(
                self._lease, "succeeded", stop_reason=budgeted.stop_reason, verdict=judgement.verdict.to_json()
            )
        log.info("job %s: %s", self._lease.job_id, judgement.verdict.sentence)

    def _plan(self) -> Plan:
        with self._database.read() as session:
            jobs = JobRepository(session)
            job = jobs.get(self._lease.job_id)
            fruitless = jobs.fruitless_claims(job.id)
        if job.cancel_requested:
            raise JobCancelled
        if job.pause_requested:
            raise JobPaused
        if fruitless > MOST_FRUITLESS_CLAIMS:
            raise JobFailed(
                f"{fruitless - 1} runners in a row ended without bringing the job forward; their logs say why "
                "(a candidate that needs more memory than the machine has, for example)"
            )
        try:
            spec = JobSpec.model_validate(job.spec)
        except ValidationError as error:
            fields = ", ".join("/" + "/".join(map(str, fault["loc"])) for fault in error.errors())
            raise JobFailed(f"this release cannot read the job's spec ({fields}); submit it again") from error
        dataset, self._encoder = load_job_data(self._database, self._settings, job)
        if job.dataset_fingerprint not in {None, dataset.fingerprint}:
            raise JobFailed(
                f"the data set {spec.dataset} has changed since the job began (fingerprint {dataset.fingerprint[:12]}, "
                f"then {job.dataset_fingerprint[:12]}); submit the job again to search on the new data"
            )
        fault = target_fault(dataset)
        if fault is not None:
            raise JobFailed(fault)
        with self._database.write() as session:
            if job.dataset_id is None:
                DatasetRepository(session).save(dataset_row(dataset))
            JobRepository(session).set_fingerprint(self._lease, dataset.fingerprint)
            RecordRepository(session).begin(self._lease, describe_environment(self._settings))
        self._raw_test = dataset.test
        return Plan(spec, dataset.standardized())

    def _phase(
        self,
        phase: Phase,
        search: Search,
        evaluator: Evaluator,
        run: RunSearch,
        most_failures: Callable[[], float] = lambda: math.inf,
    ) -> list[Evaluation]:
        """Run one phase to its end and return all of its evaluations in the order of their numbers.

        Raises JobFailed when more than `most_failures` of its trainings have failed.
        """
        with self._database.write() as session:
            JobRepository(session).set_phase(self._lease, phase)
        with self._database.read() as session:
            candidates, evaluations = CandidateRepository(session).load(self._lease.job_id, phase)
        try:
            search.resume(candidates, evaluations)
        except SearchOrderError as error:
            raise JobFailed(
                f"the rows of phase {phase} do not fit this release ({error}); submit the job again"
            ) from error
        evaluated = {evaluation.candidate.number for evaluation in evaluations}
        pending = [candidate for candidate in candidates if candidate.number not in evaluated]
        results = list(evaluations)
        failures = FailureBudget()
        for evaluation in evaluations:
            failures.note(evaluation)
        batch = Batch()
        with closing(run(search, evaluator, pending)) as events:
            for event in events:
                match event:
                    case Proposed(candidate=candidate):
                        batch.proposed.append(candidate)
                    case Evaluated(evaluation=evaluation):
                        batch.evaluated.append(evaluation)
                        results.append(evaluation)
                        failures.note(evaluation)
                    case Waiting():
                        self._presence.works(evaluator)
                if isinstance(event, Waiting) or len(batch) >= BATCH:
                    self._record(phase, batch)
                    self._obey()
                    failures.check(most_failures())
        self._record(phase, batch)
        self._obey()
        failures.check(most_failures())
        return sorted(results, key=lambda evaluation: evaluation.candidate.number)

    def _fit_rivals(self, plan: Plan, seeds: Sequence[int]) -> list[RivalFit]:
        """Fit the other methods, once per seed of the verdict, but for what is stored already, and return all fits."""
        with self._database.read() as session:
            stored = {(fit.name, fit.seed_index) for fit in RivalRepository(session).load(self._lease.job_id)}
        for rival in plan.rivals()[0]:
            for index, seed in enumerate(seeds if rival.seeded else seeds[:1]):
                if (rival.name, index) in stored:
                    continue
                fit = fit_rival(rival, plan.dataset, seed, index)
                self._heartbeat.progress()
                with self._database.write() as session:
                    RivalRepository(session).record(self._lease, [fit])
                self._obey()
        with self._database.read() as session:
            return RivalRepository(session).load(self._lease.job_id)

    def _prove_downloads(self, plan: Plan, number: int) -> None:
        if self._raw_test is None:
            raise ValueError(f"the data set {plan.dataset.name} has no test rows to try downloads on")
        folder = self._settings.data_dir / "proofs"
        prove_downloads(self._database, self._lease, (FINAL, number), self._raw_test.inputs, folder, self._live)

    def _keep_beside(self, plan: Plan, rows: PhaseRows, evaluator: Evaluator) -> list[int]:
        """Keep the networks of the runner-up and of the one without hidden layers, and return their numbers."""
        wanted = networks_beside(rows.retraining, rows.retrained, plan.main_arm)
        return keep_networks(self._database, self._lease, wanted, evaluator, self._live)

    def _live(self) -> None:
        self._heartbeat.progress()
        self._obey()

    def _record(self, phase: Phase, batch: "Batch") -> None:
        """Store the rows of the batch in one transaction, and empty it."""
        self._heartbeat.progress()
        if not batch:
            return
        with self._database.write() as session:
            CandidateRepository(session).record(self._lease, phase, batch.proposed, batch.evaluated)
        self._recorded += len(batch)
        batch.clear()

    def _obey(self) -> None:
        if self._heartbeat.cancel_requested:
            raise JobCancelled
        if self._heartbeat.pause_requested:
            raise JobPaused
        if self._stop.is_set():
            raise JobStopped

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._heartbeat.progress()
            self._obey()
            self._stop.wait(OBEY_SECONDS)
        self._obey()

    def _finish(self, status: FinalStatus, *, error: str | None = None) -> None:
        log.info("job %s: %s%s", self._lease.job_id, status, f": {error}" if error else "")
        with self._database.write() as session:
            NetworkRepository(session).delete_all(self._lease)
            JobRepository(session).finish(self._lease, status, error=error)


class Batch:
    """Rows that wait for their transaction."""

    def __init__(self) -> None:
        self.proposed: list[Candidate] = []
        self.evaluated: list[Evaluation] = []

    def __len__(self) -> int:
        return len(self.proposed) + len(self.evaluated)

    def clear(self) -> None:
        """Forget the rows: they are stored."""
        self.proposed.clear()
        self.evaluated.clear()
