import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text, update

from evolution.candidate import Candidate
from service.errors import JobNotFound
from service.store import insights
from service.store.candidate_list import CandidateSort
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import Lease, Phase, now
from service.store.insights import BestCandidate, Insights
from service.store.job_list import JobFilter
from service.store.job_repository import JobRepository
from service.store.models import jobs
from service.store.progress import Improvement, Progress
from tests.service.store import samples
from tests.service.store.samples import candidate, create, evaluation, start

# Evaluated in any order; None failed, and candidates 8 and 9 are pending.
FITNESS = {0: 0.3, 1: 0.2, 2: None, 3: 0.5, 4: 0.5, 5: 0.1, 6: 0.9, 7: None}


@contextmanager
def queries() -> Iterator[list[str]]:
    """Collect the statements that are executed meanwhile, without those that begin or end a transaction."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def fill(database: Database, lease: Lease, phase: Phase = "search") -> list[Candidate]:
    proposed = [candidate(number, 5 if number == 4 else 9) for number in range(10)]
    with database.write() as session:
        JobRepository(session).set_phase(lease, phase)
        CandidateRepository(session).record(
            lease, phase, proposed, [evaluation(proposed[number], fitness) for number, fitness in FITNESS.items()]
        )
    return proposed


def test_the_summary_of_a_new_job_is_empty(database: Database) -> None:
    job = create(database)
    with database.read() as session:
        summary = Insights(session).summary(job.id)

    assert summary.job == job
    assert summary.budget == {"evaluations": 20}
    assert summary.phases == ()
    assert summary.progress("search") == Progress("search")
    assert (summary.best, summary.best_so_far, summary.elapsed_seconds) == (None, (), 0.0)


def test_the_summary_tells_how_far_a_job_has_come(database: Database) -> None:
    lease = start(database)
    fill(database, lease, "final")
    proposed = fill(database, lease)
    with database.read() as session:
        summary = Insights(session).summary(lease.job_id)

    search = summary.progress("search")

    assert [phase.phase for phase in summary.phases] == ["search", "final"]
    assert (search.proposed, search.evaluated, search.failed, search.pending) == (10, 6, 2, 2)
    assert summary.best == BestCandidate(6, 0.9, proposed[6].architecture)
    assert summary.best_so_far == (Improvement(0, 0.3), Improvement(3, 0.5), Improvement(6, 0.9))
    assert 0 <= summary.elapsed_seconds < 60


def test_unknown_jobs_are_not_found(database: Database) -> None:
    with database.read() as session:
        with pytest.raises(JobNotFound):
            Insights(session).summary("nothing")
        with pytest.raises(JobNotFound):
            Insights(session).candidates("nothing")


def test_elapsed_time_is_never_negative(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = start(database)
    monkeypatch.setattr(insights, "now", lambda: now() - timedelta(hours=2))
    with database.read() as session:
        assert Insights(session).summary(lease.job_id).elapsed_seconds == 0.0
    monkeypatch.setattr(insights, "now", lambda: now() + timedelta(seconds=90))
    with database.read() as session:
        assert 90 <= Insights(session).summary(lease.job_id).elapsed_seconds < 150
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded")
    with database.read() as session:
        assert Insights(session).summary(lease.job_id).elapsed_seconds < 60


def test_a_budget_in_an_unknown_form_is_left_out(database: Database) -> None:
    job = create(database)
    for spec in ({}, {"budget": 5}, {"budget": None}):
        with database.write() as session:
            session.execute(update(jobs).values(spec=spec))
        with database.read() as session:
            assert Insights(session).summary(job.id).budget == {}


def test_the_list_of_jobs_shows_progress_in_three_queries(database: Database) -> None:
    created = []
    for _ in range(7):
        lease = start(database)
        created.append(lease.job_id)
        fill(database, lease)
    waiting = create(database)
    with database.read() as session:
        with queries() as seen:
            page = Insights(session).jobs(5)

        assert len(seen) == 3
        assert [line.job.id for line in page.lines] == [waiting.id, *created[:2:-1]]
        assert [line.best_fitness for line in page.lines] == [None, 0.9, 0.9, 0.9, 0.9]
        assert page.lines[1].progress("search").evaluated == 6

        rest = Insights(session).jobs(5, after=page.next)

        assert [line.job.id for line in rest.lines] == created[2::-1]
        assert rest.next is None
        assert [line.job.id for line in Insights(session).jobs(5, wanted=JobFilter(statuses=("queued",))).lines] == [
            waiting.id
        ]
        assert Insights(session).jobs(8).next is None


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("number", list(range(10))),
        ("fitness", [6, 4, 3, 0, 1, 5, 2, 7, 8, 9]),
        ("parameters", [4, 0, 1, 2, 3, 5, 6, 7, 8, 9]),
    ],
)
def test_candidates_are_paged_without_gaps(database: Database, sort: CandidateSort, order: list[int]) -> None:
    lease = start(database)
    fill(database, lease)
    fill(database, lease, "baseline")
    for page_size in (1, 3, 4, 9, 10, 100):
        numbers: list[int] = []
        after: int | None = None
        with database.read() as session:
            while not numbers or after is not None:
                with queries() as seen:
                    page = Insights(session).candidates(lease.job_id, page_size=page_size, after=after, sort=sort)

                assert len(seen) <= 5
                assert len(page.lines) == page_size or page.next is None

                numbers += [line.number for line in page.lines]
                after = page.next

        assert numbers == order


def test_pages_by_fitness_keep_their_order_in_a_large_phase(database: Database) -> None:
    lease = start(database)
    rng = random.Random(5)
    proposed = [candidate(number, rng.choice([3, 4])) for number in range(300)]
    fitness = [rng.choice([None, 0.5, 0.75, math.pi / 4]) for _ in proposed]
    with database.write() as session:
        CandidateRepository(session).record(
            lease, "search", proposed, [evaluation(of, value) for of, value in zip(proposed, fitness, strict=True)]
        )
    numbers: list[int] = []
    after: int | None = None
    with database.read() as session:
        while not numbers or after is not None:
            page = Insights(session).candidates(lease.job_id, page_size=17, after=after, sort="fitness")
            numbers += [line.number for line in page.lines]
            after = page.next

    def rank(number: int) -> tuple[bool, float, int, int]:
        value = fitness[number]
        if value is None:
            return True, 0.0, 0, number
        return False, -value, proposed[number].architecture.parameter_count, number

    assert numbers == sorted(range(300), key=rank)


def test_a_line_holds_what_is_known_of_a_candidate(database: Database) -> None:
    lease = start(database)
    proposed = fill(database, lease)
    with database.read() as session:
        lines = Insights(session).candidates(lease.job_id).lines

    assert [line.status for line in lines] == ["evaluated"] * 2 + ["failed"] + ["evaluated"] * 4 + ["failed"] + [
        "pending"
    ] * 2

    good, bad, pending = lines[0], lines[2], lines[8]
    result = evaluation(proposed[0], 0.3)

    assert (good.architecture, good.training, good.seed) == (
        proposed[0].architecture,
        proposed[0].training,
        proposed[0].seed,
    )
    assert (good.fitness, good.error, good.epochs, good.flops, good.seconds, good.worker) == (
        0.3,
        None,
        result.epochs,
        result.flops,
        result.seconds,
        result.worker,
    )
    assert good.evaluated_at is not None
    assert (bad.fitness, bad.error) == (None, "diverged in epoch 2")
    assert (pending.fitness, pending.error, pending.epochs, pending.worker, pending.evaluated_at) == (None,) * 5


def test_one_candidate_comes_with_its_curve(database: Database) -> None:
    lease = start(database)
    proposed = fill(database, lease)
    with database.read() as session:
        found = Insights(session).candidate(lease.job_id, "search", 0)

        assert found is not None
        assert found.curve == evaluation(proposed[0]).curve
        assert found.line.number == 0

        pending = Insights(session).candidate(lease.job_id, "search", 9)

        assert pending is not None
        assert pending.curve == ()
        assert Insights(session).candidate(lease.job_id, "search", 10) is None


def test_pages_of_candidates_follow_indexes(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    lease = start(database)
    fill(database, lease)
    with database.read() as session:
        with queries() as seen:
            Insights(session).candidates(lease.job_id, after=3)
            Insights(session).candidates(lease.job_id, after=3, sort="fitness")
            Insights(session).summary(lease.job_id)
        raw = session.connection().connection.cursor()
        plans = {}
        for statement in seen:
            if "candidates" in statement:
                raw.execute(f"EXPLAIN QUERY PLAN {statement}", ("x",) * statement.count("?"))
                plans[statement] = [row[-1] for row in raw.fetchall()]
    steps = [step for plan in plans.values() for step in plan]

    assert len(plans) >= 4
    assert not any(step.startswith("SCAN candidates") for step in steps)
    assert any("ix_candidates_job_id_phase_negative_fitness_parameters_number" in step for step in steps)

    database.close()


def test_the_summary_reads_one_state(postgres_url: str) -> None:
    database = Database(postgres_url)
    lease = start(database)
    with database.read() as session:
        before = Insights(session).summary(lease.job_id)
        fill(database, lease)
        session.execute(text("SELECT 1"))
        after = Insights(session).summary(lease.job_id)

    assert after.phases == before.phases == ()
    assert after.job == before.job
    assert samples.get(database, lease.job_id).phase == "search"

    database.close()
