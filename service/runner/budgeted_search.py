"""Runs a job's search within its budget, which may be raised meanwhile, and within its limit in seconds.

What the search proposes follows from spec, seed and results alone; when a limit in seconds ends it, does not. So where
the search ended is stored, as a number of candidates, before anything is decided from it. Whoever resumes the job or
runs it again takes that number for the budget, and so stops there too.
"""

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import closing

from sqlalchemy.orm import Session

from evolution.candidate import Candidate
from evolution.evaluation import Evaluator
from evolution.loop import SearchEvent, Waiting, run_search
from evolution.search import Budget, Search
from service.budget_spec import BudgetSpec
from service.runner.plan import Plan
from service.store.budget_repository import BudgetRepository
from service.store.database import Database
from service.store.entities import Lease
from service.store.job_repository import JobRepository

LOOK_SECONDS = 1.0
"""So often the seconds are stored, and a raised budget is noticed; a kill loses no more than that, or one training."""

log = logging.getLogger(__name__)


class BudgetedSearch:
    """The search of a job that `lease` holds, as far as its budget goes by now."""

    def __init__(self, database: Database, lease: Lease, plan: Plan) -> None:
        self._database = database
        self._lease = lease
        with database.read() as session:
            job = JobRepository(session).get(lease.job_id)
        self._budget = BudgetSpec.model_validate(job.spec.get("budget", {}))
        self._before = job.search_seconds
        self._stopped_at = job.stopped_at
        self._stop_reason = job.stop_reason
        self._began = self._looked = -float("inf")
        self.search = plan.search(self._budget.work() if job.stopped_at is None else Budget(evaluations=job.stopped_at))

    @property
    def budget(self) -> BudgetSpec:
        """The budget as it is by now."""
        return self._budget

    @property
    def stop_reason(self) -> str | None:
        """Why the search ended; None while it runs."""
        return self._stop_reason

    def run(
        self, search: Search, evaluator: Evaluator, pending: Sequence[Candidate] = ()
    ) -> Generator[SearchEvent, None, None]:
        """Drive the search as `run_search` does, to the end of a budget that is not raised any more.

        Raises LeaseLost.
        """
        self._began = time.monotonic()
        while True:
            with closing(run_search(search, evaluator, pending)) as events:
                for event in events:
                    if isinstance(event, Waiting) and self._stopped_at is None:
                        self._look()
                    yield event
            if self._ended():
                return
            pending = ()

    def _look(self) -> None:
        """Store the seconds, take a budget that was raised, and end the search where its time is over."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        seconds = self._before + self._looked - self._began
        with self._database.write() as session:
            self._take(BudgetRepository(session).count_seconds(self._lease, seconds))
            limit = self._budget.max_seconds
            if limit is not None and seconds >= limit and self._more_is_to_come():
                self._stop(session, "time")
        if self._stop_reason == "time":
            log.info("job %s: %.0f s are over after %d candidates", self._lease.job_id, seconds, self.search.proposed)
            self.search.close("time")

    def _ended(self) -> bool:
        """Store that the search has ended; False where its budget was raised just before."""
        if self._stopped_at is None:
            with self._database.write() as session:
                before = self._budget
                self._take(BudgetRepository(session).held(self._lease).spec.get("budget", {}))
                if self._budget != before:
                    return False
                self._stop(session, self.search.stop_reason)
        return True

    def _take(self, stored: object) -> None:
        budget = BudgetSpec.model_validate(stored)
        if budget != self._budget:
            log.info("job %s: the budget is now %s", self._lease.job_id, budget)
            self.search.extend(budget.work())
            self._budget = budget

    def _more_is_to_come(self) -> bool:
        """Whether the budget alone may not have ended the search by now."""
        return self._budget.evaluations is None or self.search.proposed < self._budget.evaluations

    def _stop(self, session: Session, reason: str | None) -> None:
        BudgetRepository(session).end_search(self._lease, self.search.proposed, reason)
        self._stopped_at, self._stop_reason = self.search.proposed, reason
