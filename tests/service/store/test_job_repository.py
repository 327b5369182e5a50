import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from service.errors import JobFinished, JobNotFound, LeaseLost
from service.store import entities, queue
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import FINAL_STATUSES, FinalStatus, Held, JobStatus, Lease
from service.store.event_repository import EventRepository
from service.store.job_control import JobControl
from service.store.job_details import change_details
from service.store.job_repository import JobRepository
from service.store.lease import RunnerIdentity
from service.store.models import candidates, evaluations, jobs, metadata, proofs
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import ProofRepository, failed
from service.store.record_repository import RecordRepository
from service.store.rival_repository import RivalFit, RivalRepository
from service.store.row_digest import RowDigest
from service.store.webhook_repository import WebhookRepository
from tests.service.store import samples
from tests.service.store.samples import ELSEWHERE, FAR_AWAY, claim, create, get, start
from tests.service.store.test_lease import identity_of


def renew(database: Database, lease: Lease, seconds: float = 1000) -> Held:
    with database.write() as session:
        return JobRepository(session).renew(lease, seconds)


def cancel(database: Database, job_id: str) -> entities.Job:
    with database.write() as session:
        return JobRepository(session).request_cancel(job_id)


def finish(database: Database, lease: Lease, status: FinalStatus = "succeeded", **ending: Any) -> entities.Job:
    with database.write() as session:
        return JobRepository(session).finish(lease, status, **ending)


def events(database: Database, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    with database.read() as session:
        return [(event.type, event.data) for event in EventRepository(session).after(job_id, 0)]


def test_a_new_job_is_queued(database: Database) -> None:
    job = create(database)

    assert (job.status, job.phase, job.seed, job.spec) == ("queued", None, 2**63 - 1, samples.SPEC)
    assert (job.lease_runner, job.lease_number, job.cancel_requested) == (None, 0, False)
    assert job.created_at.utcoffset() == timedelta(0)
    assert not job.finished
    assert get(database, job.id) == job
    assert events(database, job.id) == [("status", {"status": "queued"})]


@pytest.mark.parametrize("job_id", ["", "nothing", "../1", "x" * 5000, "%00", "é", "\0", "a\0b", "\ud800"])
def test_an_unknown_job_is_not_found(database: Database, job_id: str) -> None:
    with pytest.raises(JobNotFound) as refused:
        get(database, job_id)
    with pytest.raises(JobNotFound):
        cancel(database, job_id)

    assert len(refused.value.detail) < 80


def test_pages_go_from_new_to_old_without_gaps(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = entities.now()
    # Three jobs each within one microsecond: then the id decides.
    moments = iter([moment + timedelta(microseconds=number // 3) for number in range(7) for _ in range(2)])
    monkeypatch.setattr(queue, "now", lambda: next(moments))
    created = {create(database, str(number)).id for number in range(7)}
    seen: list[str] = []
    with database.read() as session:
        page = JobRepository(session).page(3)
        while page:
            seen += [job.id for job in page]
            page = JobRepository(session).page(3, before=page[-1].cursor)
        everything = [job.id for job in JobRepository(session).page(100)]

    assert seen == everything
    assert set(seen) == created
    assert len(seen) == 7


def test_pages_can_be_of_one_status(database: Database) -> None:
    start(database)
    queued = create(database)
    with database.read() as session:
        repository = JobRepository(session)

        assert [job.id for job in repository.page(10, status="queued")] == [queued.id]
        assert repository.page(10, status="failed") == []
        assert repository.page(10, before=queued.cursor, status="queued") == []


def test_the_oldest_job_is_claimed_first(database: Database) -> None:
    first, second = create(database), create(database)
    lease = claim(database)

    assert lease == Lease(first.id, str(ELSEWHERE), 1)

    job = get(database, first.id)

    assert (job.status, job.lease_runner, job.lease_number) == ("running", str(ELSEWHERE), 1)
    assert job.started_at is not None
    assert claim(database) == Lease(second.id, str(ELSEWHERE), 1)
    assert claim(database) is None
    assert events(database, first.id)[1:] == [("status", {"status": "running", "runner": str(ELSEWHERE), "lease": 1})]


def test_a_lease_that_is_over_is_taken_over(database: Database) -> None:
    stale = start(database, seconds=-1)
    started_at = get(database, stale.job_id).started_at
    lease = claim(database, FAR_AWAY)

    assert lease == Lease(stale.job_id, str(FAR_AWAY), 2)
    assert get(database, stale.job_id).started_at == started_at
    assert claim(database, ELSEWHERE) is None


def test_a_lease_that_is_over_but_not_taken_is_still_good(database: Database) -> None:
    lease = start(database, seconds=-1)

    assert renew(database, lease) == Held(cancel_requested=False)
    assert claim(database, FAR_AWAY) is None


def test_renewing_extends_the_lease_from_now(database: Database) -> None:
    lease = start(database, seconds=1000)
    renew(database, lease, seconds=-1)

    assert claim(database, FAR_AWAY) is not None


def test_a_lease_that_was_given_back_is_claimed_at_once(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        JobRepository(session).release(lease)

    assert get(database, lease.job_id).status == "running"
    assert claim(database, ELSEWHERE) == replace(lease, number=2)


def test_the_job_of_a_killed_runner_is_taken_over_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    lease = start(database, identity_of(process.pid))
    successor = RunnerIdentity.of_this_process()

    assert claim(database, successor) is None

    process.kill()
    process.communicate()

    assert claim(database, successor) == Lease(lease.job_id, str(successor), 2)
    assert claim(database, FAR_AWAY) is None


def test_runners_of_other_releases_are_waited_for(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        session.execute(update(jobs).values(lease_runner="of a form unknown here"))

    assert claim(database) is None

    with database.write() as session:
        session.execute(update(jobs).values(lease_expires=0))

    assert claim(database) == replace(lease, number=2)


def test_changes_of_the_wall_clock_do_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    start(database)
    for jump in (timedelta(days=1), timedelta(hours=-2)):
        monkeypatch.setattr(queue, "now", lambda jump=jump: entities.now() + jump)

        assert claim(database, FAR_AWAY) is None


def test_no_lease_outlives_a_boot(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(sqlite_url)
    stale = start(database)
    monkeypatch.setattr(queue, "boot_id", lambda: "the next boot")
    # The clock begins again, so the old expiry lies far ahead.
    monkeypatch.setattr(queue, "seconds_since_boot", lambda: 1.0)

    assert claim(database, FAR_AWAY) == Lease(stale.job_id, str(FAR_AWAY), 2)
    assert claim(database, ELSEWHERE) is None

    database.close()


@pytest.mark.parametrize("status", FINAL_STATUSES)
def test_a_finished_job_is_final(database: Database, status: FinalStatus) -> None:
    lease = start(database)
    job = finish(
        database, lease, status, stop_reason="budget", error="bad \0 text \ud800", verdict={"sentence": "none"}
    )

    assert (job.status, job.stop_reason, job.verdict) == (status, "budget", {"sentence": "none"})
    assert job.error == "bad \ufffd text ?"
    assert job.finished
    assert job.finished_at is not None
    assert job.lease_runner is None
    assert events(database, job.id)[-1] == (
        "status",
        {"status": status, "stop_reason": "budget", "error": "bad \ufffd text ?"},
    )
    before = samples.dump(database)

    assert claim(database) is None

    with pytest.raises(LeaseLost, match=f"the job is {status}"):
        finish(database, lease)
    if status == "cancelled":
        assert cancel(database, job.id) == job
    else:
        with pytest.raises(JobFinished, match=f"it has {status}"):
            cancel(database, job.id)

    assert samples.dump(database) == before


def test_a_job_ends_with_a_final_status_only(database: Database) -> None:
    lease = start(database)
    for status in ("queued", "running", "paused", "done"):
        with pytest.raises(ValueError, match="succeeded, failed, cancelled"):
            finish(database, lease, status)  # type: ignore[arg-type]

    assert get(database, lease.job_id).status == "running"


@pytest.mark.parametrize("status", ["queued", "paused"])
def test_a_waiting_job_is_cancelled_at_once(database: Database, status: JobStatus) -> None:
    job = create(database)
    with database.write() as session:
        session.execute(update(jobs).values(status=status))
    cancelled = cancel(database, job.id)

    assert (cancelled.status, cancelled.cancel_requested) == ("cancelled", True)
    assert cancelled.finished_at is not None
    assert cancel(database, job.id) == cancelled
    assert claim(database) is None


def test_a_running_job_is_asked_to_be_cancelled(database: Database) -> None:
    lease = start(database)

    assert renew(database, lease) == Held(cancel_requested=False)

    job = cancel(database, lease.job_id)

    assert (job.status, job.cancel_requested, job.finished_at) == ("running", True, None)
    assert cancel(database, lease.job_id) == job
    assert renew(database, lease) == Held(cancel_requested=True)
    assert [kind for kind, _ in events(database, job.id)] == ["status", "status", "cancel_requested"]
    assert finish(database, lease, "cancelled").status == "cancelled"


def test_a_wish_to_cancel_survives_a_takeover(database: Database) -> None:
    stale = start(database, seconds=-1)
    cancel(database, stale.job_id)
    lease = claim(database, FAR_AWAY)

    assert lease is not None
    assert renew(database, lease) == Held(cancel_requested=True)


def test_phase_and_fingerprint_are_noted(database: Database) -> None:
    lease = start(database)
    with database.write() as session:
        JobRepository(session).set_phase(lease, "baseline")
        JobRepository(session).set_fingerprint(lease, "f" * 64)
    job = get(database, lease.job_id)

    assert (job.phase, job.dataset_fingerprint) == ("baseline", "f" * 64)
    assert events(database, job.id)[-1] == ("phase", {"phase": "baseline"})


def test_deleting_a_job_deletes_all_that_belongs_to_it(database: Database) -> None:
    kept, gone = start(database), start(database)
    for lease in (kept, gone):
        with database.write() as session:
            candidate = samples.candidate()
            CandidateRepository(session).record(
                lease, "search", [candidate], [samples.evaluation(candidate, network=b"npz")]
            )
            RivalRepository(session).record(lease, [RivalFit("svc", 0, 0.5, 0.9, b"\0\0")])
            change_details(session, lease.job_id, {"labels": ["a"]})
            WebhookRepository(session).create(lease.job_id, "https://example.org/", ["running"], "secret")
            assert WebhookRepository(session).prepare() == 1
            RecordRepository(session).begin(lease, {})
            RecordRepository(session).end(lease, RowDigest(1, "0" * 64))
            network = NetworkRepository(session).of_candidate(lease.job_id, "search", 0)
            ProofRepository(session).record(lease, network.id, failed("npz", "it was tampered with"))
    with database.write() as session:
        JobRepository(session).finish(gone, "failed")
        JobControl(session).delete(gone.job_id)
    with database.read() as session:
        for table in metadata.sorted_tables:
            if "job_id" in table.c:
                assert set(session.execute(select(table.c.job_id)).scalars()) == {kept.job_id}
        orphans = session.execute(select(evaluations).where(evaluations.c.candidate_id.not_in(select(candidates.c.id))))

        assert orphans.all() == []
        assert len(session.execute(select(proofs)).all()) == 1


def test_claiming_and_lists_follow_indexes(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as session:
        plans = []
        for where in ("WHERE status = 'queued'", "WHERE (created_at, id) < ('2026', 'x')", ""):
            query = f"SELECT id FROM jobs {where} ORDER BY created_at DESC, id DESC LIMIT 1"  # noqa: S608 - as above
            plans.append([row[-1] for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}"))])

    assert "ix_jobs_status_created_at_id" in plans[0][0]
    assert all(len(plan) == 1 and plan[0].startswith(("SEARCH", "SCAN")) and "INDEX" in plan[0] for plan in plans)

    database.close()


def test_everybody_sees_what_is_theirs(database: Database) -> None:
    with database.write() as session:
        hers = JobRepository(session, "ada").create("hers", "iris", samples.SPEC, 0)
        his = JobRepository(session, "charles").create("his", "iris", samples.SPEC, 0)
    with database.write() as session:
        jobs = JobRepository(session, "ada")

        assert [job.id for job in jobs.page(10)] == [hers.id]
        assert jobs.get(hers.id).owner == "ada"
        for ask in (jobs.get, jobs.locked, jobs.request_cancel):
            with pytest.raises(JobNotFound):
                ask(his.id)
        assert {job.id for job in JobRepository(session).page(10)} == {hers.id, his.id}
