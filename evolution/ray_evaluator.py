"""Training candidates on Ray: this is the only file that knows it.

Ray is asked for one thing, to run a function on some processor; what a result means, and what happens when a worker
dies, is decided here, so that it can be tested:

- Ray starts in a thread of its own, which lives until `close`. On Linux the processes that Ray starts are killed when
  the *thread* that started them ends (PR_SET_PDEATHSIG), so this thread must outlive them.
- Ray takes some seconds to start. Until then candidates are trained in this process, in a second thread: where a
  candidate is trained changes nothing about its result.
- The dataset is put into Ray's object store once; workers on the same machine read it without a copy.
- Ray's own retries are off. A candidate whose worker or node died is submitted once more, and fails at the second
  death: the fault is then most likely its own, and it must not take down one worker after the other.
- A candidate that takes longer than it may is given up, with its worker (`evolution.ray_overruns`).
- Ray is loaded only after its environment was set, because it reads some of it while it is imported.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection
from threading import Condition, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from core.dataset import Dataset
from evolution.candidate import Candidate, Evaluation
from evolution.errors import EvaluatorUnavailable, SearchOrderError
from evolution.evaluation import evaluate_candidate, failed_evaluation
from evolution.limits import NO_LIMITS, WORKER_DIED, Limits
from evolution.ray_cluster import RayCluster
from evolution.ray_environment import set_environment
from evolution.ray_node import own_node
from evolution.ray_overruns import Overruns, train_within
from evolution.ray_remains import private_folder, reap

Evaluate = Callable[[Candidate, Dataset], Evaluation]

CONNECT_SECONDS = 5.0
POLL_SECONDS = 0.02
"""How often a local training is looked at while Ray's results are waited for, which is the case only at the start."""


class RayEvaluator:
    """Trains candidates on a Ray cluster; one at a time in a process, because a process belongs to one cluster only.

    Raises EvaluatorUnavailable from `submit` and `wait` when Ray cannot be started or joined.
    """

    def __init__(
        self,
        dataset: Dataset,
        cluster: RayCluster | None = None,
        limits: Limits = NO_LIMITS,
        *,
        evaluate: Evaluate | None = None,
    ) -> None:
        self._cluster = cluster or RayCluster()
        self._dataset = dataset
        self._limits = limits
        self._evaluate = evaluate if evaluate is not None else _evaluate(limits)
        self._changed = Condition()
        # All of the following is guarded by the condition's lock.
        self._ray: Any = None
        self._failure: Exception | None = None
        self._closing = False
        self._queue: deque[Candidate] = deque()
        self._local: Candidate | None = None
        self._local_results: list[Evaluation | Exception] = []
        self._round = 0
        # These belong to the thread that calls submit and wait.
        self._remote: Any = None
        self._overruns: Overruns | None = None
        self._reference: Any = None
        self._running: dict[Any, Candidate] = {}
        self._deaths: dict[Candidate, int] = {}
        self._keeper = Thread(target=self._keep_ray, name="ray-keeper", daemon=True)
        self._trainer = Thread(target=self._train_locally, name="local-trainer", daemon=True)
        self._keeper.start()
        self._trainer.start()

    @property
    def in_flight(self) -> int:
        """How many candidates were submitted whose evaluation was not returned yet."""
        with self._changed:
            return len(self._queue) + len(self._running) + len(self._local_results) + (self._local is not None)

    @property
    def ready(self) -> bool:
        """Whether Ray has started."""
        with self._changed:
            return self._ray is not None

    @property
    def workers(self) -> int | None:
        """How many candidates are trained at once, as the cluster is now; None while Ray starts.

        Asks Ray, so it belongs to the thread that calls submit and wait.
        """
        if not self.ready:
            return None
        cpus = int(self._ray.cluster_resources().get("CPU", 0))
        return cpus if self._cluster.cpus is None else min(cpus, self._cluster.cpus)

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait for Ray, up to `timeout` seconds, and say whether it has started."""
        with self._changed:
            self._changed.wait_for(lambda: self._ray is not None or self._failure is not None, timeout)
            self._check()
            return self._ray is not None

    def use(self, dataset: Dataset) -> None:
        """Train on another dataset from now on; raises SearchOrderError while anything is in flight."""
        if self.in_flight:
            raise SearchOrderError("the dataset cannot change while candidates are being trained")
        with self._changed:
            self._dataset = dataset
        self._reference = None

    def submit(self, candidate: Candidate) -> None:
        """Take a candidate to train; returns at once."""
        with self._changed:
            self._check()
            self._queue.append(candidate)
            self._changed.notify_all()
        self._feed()

    def wait(self, timeout: float) -> list[Evaluation]:
        """Return what has finished, waiting up to about `timeout` seconds for the first one; possibly nothing.

        An error that is the fault of the program, raised while a candidate was trained, is raised here again.
        """
        deadline = monotonic() + timeout
        while True:
            self._feed()
            finished = self._take_local() + self._take_remote(0) + self._take_late()
            remaining = deadline - monotonic()
            if finished or remaining <= 0 or not self.in_flight:
                return finished
            with self._changed:
                self._check()
                if not self._running:
                    # Nothing can come but a local result, or Ray itself.
                    self._changed.wait_for(self._has_news, remaining)
                    continue
                local = self._local is not None
            finished = self._take_remote(min(POLL_SECONDS, remaining) if local else remaining)
            if finished:
                return finished

    def cancel(self) -> None:
        """Drop everything in flight; the evaluator can be used again. A local training ends unheard."""
        with self._changed:
            self._queue.clear()
            self._local_results.clear()
            self._local = None
            self._round += 1
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        if self._overruns is not None:
            self._overruns.forget(self._running)
        self._running.clear()
        self._deaths.clear()

    def close(self) -> None:
        """Drop everything in flight and end all processes of a cluster of our own; closing twice is harmless."""
        self.cancel()
        self._reference = self._remote = self._overruns = None
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._keeper.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing:
            raise EvaluatorUnavailable("the evaluator was closed")

    def _feed(self) -> None:
        """Hand what is waiting to Ray, once it is there, as far as the limit of a joined cluster allows."""
        limit = self._cluster.cpus if self._cluster.address is not None else None
        while True:
            with self._changed:
                self._check()
                if self._ray is None or not self._queue or (limit is not None and len(self._running) >= limit):
                    return
                candidate = self._queue.popleft()
            if self._remote is None:
                self._remote, self._overruns = self._task()
            if self._reference is None:
                self._reference = self._ray.put(self._dataset)
            self._start(candidate)

    def _task(self) -> tuple[Any, Overruns | None]:
        """Return what Ray runs for each candidate, and what watches it where there are limits."""
        overruns = None if self._limits == NO_LIMITS else Overruns(self._ray, self._limits)
        task = self._evaluate if overruns is None else _within(self._evaluate, self._limits, overruns.starts)
        return self._ray.remote(task).options(num_cpus=1, max_retries=0), overruns

    def _start(self, candidate: Candidate) -> None:
        if self._overruns is None:
            self._running[self._remote.remote(candidate, self._reference)] = candidate
            return
        task = self._overruns.next_task()
        reference = self._remote.remote(task, candidate, self._reference)
        self._running[reference] = candidate
        self._overruns.submitted(reference, task, candidate)

    def _take_local(self) -> list[Evaluation]:
        with self._changed:
            results, self._local_results = self._local_results, []
        for result in results:
            if isinstance(result, Exception):
                raise result
        return [result for result in results if isinstance(result, Evaluation)]

    def _take_remote(self, timeout: float) -> list[Evaluation]:
        if not self._running:
            return []
        references = list(self._running)
        done, _ = self._ray.wait(references, num_returns=1, timeout=timeout)
        if done and len(references) > 1:
            done, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        if self._overruns is not None:
            self._overruns.forget(done)
        results = (self._result(reference, self._running.pop(reference)) for reference in done)
        finished = [evaluation for evaluation in results if evaluation is not None]
        if done:
            self._feed()
        return finished

    def _take_late(self) -> list[Evaluation]:
        """Give up what has run for too long; a result that comes all the same is not heard."""
        if self._overruns is None:
            return []
        late = [self._running.pop(reference) for reference in self._overruns.end(self._running)]
        return [failed_evaluation(candidate, self._limits.timeout(candidate)) for candidate in late]

    def _result(self, reference: Any, candidate: Candidate) -> Evaluation | None:
        """Fetch a result; None when the worker died for the first time, and the candidate was queued again."""
        errors = self._ray.exceptions
        try:
            evaluation: Evaluation = self._ray.get(reference)
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError, errors.ObjectLostError):
            deaths = self._deaths[candidate] = self._deaths.get(candidate, 0) + 1
            if deaths > 1:
                del self._deaths[candidate]
                return failed_evaluation(candidate, WORKER_DIED)
            with self._changed:
                self._queue.appendleft(candidate)
            return None
        except (errors.RaySystemError, errors.RuntimeEnvSetupError, errors.TaskUnschedulableError) as error:
            raise EvaluatorUnavailable(f"Ray failed while a candidate was trained, start it anew: {error}") from error
        self._deaths.pop(candidate, None)
        return evaluation

    def _train_locally(self) -> None:
        """Train in this process until Ray is there."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._ray is not None or self._ended())
                if self._ray is not None or self._ended():
                    return
                candidate = self._local = self._queue.popleft()
                dataset, current = self._dataset, self._round
            try:
                result: Evaluation | Exception = self._evaluate(candidate, dataset)
            except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for the result
                result = error
            with self._changed:
                # A cancelled training must neither answer nor hide one that was submitted afterwards.
                if current == self._round:
                    self._local = None
                    self._local_results.append(result)
                    self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._local_results) or self._ended() or (self._ray is not None and bool(self._queue))

    def _ended(self) -> bool:
        return self._closing or self._failure is not None

    def _keep_ray(self) -> None:
        """Start Ray, wait for `close`, end Ray: all in one thread, because Ray's processes die with it."""
        try:
            reap(self._cluster.directory)
            with private_folder(self._cluster.directory) as private, ExitStack() as node:
                set_environment(self._cluster, private)
                if self._cluster.own_node and self._cluster.address is not None:
                    _check_answer(self._cluster.address)
                    node.enter_context(own_node(self._cluster.address, private))
                ray = _start(self._cluster, private)
                try:
                    with self._changed:
                        self._ray = ray
                        self._changed.notify_all()
                        self._changed.wait_for(lambda: self._closing)
                finally:
                    ray.shutdown()
        except Exception as error:  # noqa: BLE001 - whatever Ray raises, the caller gets to know that it is not there
            failure = EvaluatorUnavailable(_explain(self._cluster, error))
            failure.__cause__ = error
            with self._changed:
                self._failure = failure
                self._changed.notify_all()


def _evaluate(limits: Limits) -> Evaluate:
    # Ray takes functions, and neither their partial applications nor methods.
    if limits == NO_LIMITS:
        return evaluate_candidate

    def evaluate(candidate: Candidate, dataset: Dataset) -> Evaluation:
        return evaluate_candidate(candidate, dataset, limits)

    return evaluate


def _within(evaluate: Evaluate, limits: Limits, starts: Any) -> Callable[[int, Candidate, Dataset], Evaluation]:
    def train(task: int, candidate: Candidate, dataset: Dataset) -> Evaluation:
        import ray  # noqa: PLC0415 - loaded in the worker

        return train_within(ray, evaluate, limits, starts, task, candidate, dataset)

    return train


class _NoPaths(list[str]):
    """A list of import paths that stays empty."""

    def extend(self, paths: Iterable[str]) -> None:
        """Ignore what Ray adds: the script's and the current folder, where a folder named core would shadow ours."""


def _start(cluster: RayCluster, private: Path) -> Any:
    """Load Ray, start or join the cluster, and return the module; Ray's environment has been set."""
    import ray  # noqa: PLC0415 - Ray reads its environment while it is imported
    from ray.job_config import JobConfig  # noqa: PLC0415 - likewise

    if ray.is_initialized():
        raise RuntimeError("this process is connected to a Ray cluster already")
    # Ray keeps the first token that it has read, with which a process could never start or join a second cluster.
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
    # The news of a dead node goes to the evaluation, not to the terminal; Ray has no setting for that.
    ray._private.worker._worker_logs_enabled = False
    job = JobConfig()
    # Workers find the packages where they are installed; tests show that a folder of the same name does not get in
    # between.
    job._py_driver_sys_path = _NoPaths()
    common: dict[str, Any] = {"job_config": job, "log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        _connect(ray, cluster, private, common)
    except BaseException:
        # A start that failed half-way must not leave its first processes behind.
        ray.shutdown()
        raise
    return ray


def _connect(ray: Any, cluster: RayCluster, private: Path, common: dict[str, Any]) -> None:
    if cluster.address is not None:
        _check_answer(cluster.address)
        ray.init(address=cluster.address, **common)
    else:
        # Ray opens its folder to everybody, so it gets one inside ours.
        ray.init(num_cpus=cluster.cpus, include_dashboard=False, _temp_dir=str(private / "r"), **common)


def _check_answer(address: str) -> None:
    """Raise OSError unless somebody listens there: Ray itself would try for minutes, and say so on the terminal."""
    host, port = address.rsplit(":", 1)
    create_connection((host, int(port)), CONNECT_SECONDS).close()


def _explain(cluster: RayCluster, error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if cluster.address is None:
        return f"Ray could not be started: {reason}; train without it (evaluator serial), or join a cluster"
    return (
        f"the Ray cluster at {cluster.address} could not be joined: {reason}; check that it runs, that this machine is "
        "one of its nodes (or let the runner start one) with the same versions of Python and Ray, and that both use "
        "the same token"
    )
