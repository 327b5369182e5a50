"""Deliveries against a real receiver, from rows to rows."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from service.store.database import Database
from service.store.entities import Delivery, JobStatus, Lease, now
from service.store.job_repository import JobRepository
from service.store.models import deliveries, jobs, webhooks
from service.store.webhook_repository import MOST_ATTEMPTS, PAUSES, WebhookRepository
from service.webhooks import sender
from service.webhooks.deliverer import Deliverer
from service.webhooks.signature import new_secret
from tests.service.store.samples import claim, create
from tests.service.webhooks.receiver import Receiver, receiving

SECRET = "whsec_of-the-test"  # noqa: S105 - a test's


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def hooked(database: Database, receiver: Receiver, *events: JobStatus) -> str:
    job_id = create(database, "an ünusual name").id
    with database.write() as session:
        WebhookRepository(session).create(job_id, receiver.url, events or ("succeeded",), SECRET)
    return job_id


def end(database: Database, job_id: str) -> None:
    lease = claim(database)
    assert lease is not None
    assert lease.job_id == job_id
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", stop_reason="budget")


def told(database: Database, job_id: str) -> list[Delivery]:
    with database.read() as session:
        return WebhookRepository(session).deliveries(job_id, 0, 100)


def deliver(database: Database, receiver: Receiver) -> int:
    """Make all attempts that are due, and return how many there were."""
    deliverer = Deliverer(database, receiver.allowed, threading.Event())
    attempts = 0
    while deliverer.step():
        attempts += 1
    return attempts


def make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(
            update(deliveries)
            .where(deliveries.c.status == "pending")
            .values(next_attempt_at=now() - timedelta(seconds=1))
        )


def test_the_end_of_a_job_is_told_once_and_signed(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver)

    assert deliver(database, receiver) == 0

    end(database, job_id)

    assert deliver(database, receiver) == 1
    assert deliver(database, receiver) == 0
    ((_, headers, body),) = receiver.requests
    message = json.loads(body)
    (delivery,) = told(database, job_id)
    assert message == {
        "delivery": delivery.id,
        "event": "job.succeeded",
        "job_id": job_id,
        "name": "an ünusual name",
        "status": "succeeded",
        "stop_reason": "budget",
        "error": None,
        "sequence": delivery.sequence,
        "happened_at": message["happened_at"],
    }
    # As a receiver would check it, from the documentation alone.
    parts = dict(part.split("=", 1) for part in headers["Cambrian-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(parts["v1"], expected)
    assert abs(int(parts["t"]) - now().timestamp()) < 60
    assert headers["Cambrian-Delivery"] == delivery.id
    assert (delivery.status, delivery.attempts, delivery.answer, delivery.error) == ("delivered", 1, 200, None)
    assert delivery.delivered_at is not None
    assert delivery.next_attempt_at is None


def test_only_what_was_wanted_is_told_in_its_order(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver, "running", "succeeded")
    end(database, job_id)

    assert deliver(database, receiver) == 2
    assert [json.loads(body)["event"] for _, _, body in receiver.requests] == ["job.running", "job.succeeded"]
    with database.read() as session:
        assert not WebhookRepository(session).has_work()


def test_what_fails_is_tried_again_with_growing_pauses_and_then_given_up(
    database: Database, receiver: Receiver
) -> None:
    receiver.status = 500
    job_id = hooked(database, receiver)
    end(database, job_id)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        before = now()

        assert deliver(database, receiver) == 1
        (delivery,) = told(database, job_id)
        assert (delivery.attempts, delivery.answer, delivery.error) == (attempt, 500, "answered 500")
        if attempt < MOST_ATTEMPTS:
            assert delivery.status == "pending"
            assert delivery.next_attempt_at is not None
            assert delivery.next_attempt_at - before >= timedelta(seconds=PAUSES[attempt - 1])
        make_due(database)

    assert (delivery.status, delivery.next_attempt_at) == ("failed", None)
    assert deliver(database, receiver) == 0
    assert len(receiver.requests) == MOST_ATTEMPTS == 5
    assert list(PAUSES) == sorted(PAUSES)
    # Every attempt says the same, under the same id.
    assert len({body for _, _, body in receiver.requests}) == 1
    assert [headers["Cambrian-Attempt"] for _, headers, _ in receiver.requests] == ["1", "2", "3", "4", "5"]


def test_a_receiver_that_comes_back_is_told(database: Database, receiver: Receiver) -> None:
    receiver.status = 503
    job_id = hooked(database, receiver)
    end(database, job_id)
    deliver(database, receiver)
    receiver.status = 204
    make_due(database)

    assert deliver(database, receiver) == 1
    assert told(database, job_id)[0].status == "delivered"


def test_a_delivery_goes_on_after_the_process_that_made_it_died(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver)
    end(database, job_id)
    with database.write() as session:
        WebhookRepository(session).prepare()
    with database.write() as session:
        assert WebhookRepository(session).begin() is not None
        # Nobody else takes it meanwhile.
        assert WebhookRepository(session).begin() is None
    make_due(database)

    assert deliver(database, receiver) == 1
    assert (told(database, job_id)[0].status, told(database, job_id)[0].attempts) == ("delivered", 2)


def test_a_last_attempt_that_was_interrupted_ends_the_delivery(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver)
    other = hooked(database, receiver, "queued")
    end(database, job_id)
    with database.write() as session:
        WebhookRepository(session).prepare()
        session.execute(
            update(deliveries)
            .where(deliveries.c.job_id == job_id)
            .values(attempts=MOST_ATTEMPTS, next_attempt_at=now() - timedelta(seconds=1))
        )
    make_due(database)
    deliver(database, receiver)

    (delivery,) = told(database, job_id)
    assert (delivery.status, delivery.error) == ("failed", "the last attempt was interrupted")
    assert told(database, other)[0].status == "delivered"


def test_a_late_answer_does_not_undo_a_later_attempt(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver)
    end(database, job_id)
    with database.write() as session:
        WebhookRepository(session).prepare()
        first = WebhookRepository(session).begin()
    assert first is not None
    make_due(database)
    deliver(database, receiver)
    with database.write() as session:
        WebhookRepository(session).end(first.delivery, None, "no answer within 5 s")

    assert told(database, job_id)[0].status == "delivered"


def test_a_hanging_receiver_delays_no_other_one_that_is_new(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_SECONDS", 0.2)
    with receiving() as hanging:
        hanging.hang = True
        slow = hooked(database, hanging)
        end(database, slow)
        deliverer = Deliverer(database, (*receiver.allowed, *hanging.allowed), threading.Event())

        assert deliverer.step()
        assert told(database, slow)[0].error is not None
        make_due(database)
        quick = hooked(database, receiver)
        end(database, quick)
        assert deliverer.step()

    assert told(database, quick)[0].status == "delivered"
    assert told(database, slow)[0].attempts == 1


def test_deliveries_go_with_their_job(database: Database, receiver: Receiver) -> None:
    job_id = hooked(database, receiver)
    end(database, job_id)
    deliver(database, receiver)
    with database.write() as session:
        session.execute(jobs.delete().where(jobs.c.id == job_id))
    with database.read() as session:
        assert session.execute(deliveries.select()).all() == []
        assert session.execute(webhooks.select()).all() == []


def test_secrets_differ() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert all(len(new_secret()) > 40 for _ in range(3))


def test_the_thread_ends_when_it_is_asked_to(database: Database, receiver: Receiver) -> None:
    stop = threading.Event()
    job_id = hooked(database, receiver, "succeeded")
    end(database, job_id)
    thread = threading.Thread(target=Deliverer(database, receiver.allowed, stop).run)
    thread.start()
    while told(database, job_id) == [] or told(database, job_id)[0].status == "pending":
        thread.join(0.01)
    stop.set()
    thread.join(30)

    assert not thread.is_alive()
    assert isinstance(claim(database), Lease | None)
