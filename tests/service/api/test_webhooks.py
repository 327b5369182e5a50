from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import select

from service.app import create_app
from service.settings import Settings
from service.store.database import Database
from service.store.models import webhooks
from service.store.webhook_repository import WebhookRepository
from tests.service.api.serving import AsgiBridge, InProcess, pointers, problem_of, submit
from tests.service.store.samples import dump

URL = "https://hooks.example.org/cambrian"


@pytest.fixture
def hooks(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[httpx.Client]:
    settings = Settings(data_dir=tmp_path, webhooks=True, webhook_hosts=("127.0.0.1:9000",))
    bridge = AsgiBridge(create_app(settings, database), portal)
    with httpx.Client(base_url="http://127.0.0.1:8642", transport=bridge) as client:
        yield client


def test_the_secret_is_told_once(hooks: httpx.Client, database: Database) -> None:
    job = submit(hooks, webhook={"url": URL})
    webhook = job.pop("webhook")

    assert webhook["url"] == URL
    assert webhook["events"] == ["succeeded", "failed", "cancelled"]
    assert webhook["secret"].startswith("whsec_")
    assert "webhook" not in job["spec"]
    answer = hooks.get(f"/v1/jobs/{job['id']}")
    assert answer.json() == job
    assert webhook["secret"] not in answer.text
    with database.read() as session:
        assert session.execute(select(webhooks.c.secret)).scalar_one() == webhook["secret"]


def test_without_the_operators_will_there_are_none(running: InProcess, database: Database) -> None:
    before = dump(database)
    body = problem_of(
        running.client.post("/v1/jobs", json={"dataset": "digits-8x8", "webhook": {"url": URL}}), 422, "invalid-spec"
    )

    assert pointers(body) == ["/webhook"]
    assert "not switched webhooks on" in body["detail"]
    assert dump(database) == before


@pytest.mark.parametrize(
    ("webhook", "pointer"),
    [
        ({}, "/webhook/url"),
        ({"url": "http://hooks.example.org/"}, "/webhook/url"),
        ({"url": "https://127.0.0.1/"}, "/webhook/url"),
        ({"url": "https://[::ffff:169.254.169.254]/latest"}, "/webhook/url"),
        ({"url": "http://127.0.0.1:9001/"}, "/webhook/url"),
        ({"url": ""}, "/webhook/url"),
        ({"url": 5}, "/webhook/url"),
        ({"url": URL, "events": []}, "/webhook/events"),
        ({"url": URL, "events": ["evaluated"]}, "/webhook/events/0"),
        ({"url": URL, "events": ["failed", "failed"]}, "/webhook/events"),
        ({"url": URL, "secret": "mine"}, "/webhook/secret"),
    ],
)
def test_webhooks_that_are_refused(hooks: httpx.Client, webhook: object, pointer: str) -> None:
    answer = hooks.post("/v1/jobs", json={"dataset": "digits-8x8", "webhook": webhook})

    assert pointers(problem_of(answer, 422, "invalid-spec")) == [pointer]


def test_a_trusted_host_is_taken(hooks: httpx.Client) -> None:
    assert submit(hooks, webhook={"url": "http://127.0.0.1:9000/"})["webhook"]["url"] == "http://127.0.0.1:9000/"


def test_deliveries_are_listed(hooks: httpx.Client, database: Database) -> None:
    job = submit(hooks, webhook={"url": URL, "events": ["cancelled"]})
    hooks.post(f"/v1/jobs/{job['id']}/cancel")
    with database.write() as session:
        WebhookRepository(session).prepare()
    page: dict[str, Any] = hooks.get(f"/v1/jobs/{job['id']}/deliveries").json()

    assert page["next_page_token"] is None
    (delivery,) = page["deliveries"]
    assert (delivery["event"], delivery["status"], delivery["attempts"]) == ("cancelled", "pending", 0)
    assert delivery["next_attempt_at"].endswith("Z")
    assert (delivery["answer"], delivery["error"], delivery["delivered_at"]) == (None, None, None)


def test_deliveries_are_paged(hooks: httpx.Client) -> None:
    job = submit(hooks)

    assert hooks.get(f"/v1/jobs/{job['id']}/deliveries").json() == {"deliveries": [], "next_page_token": None}
    problem_of(hooks.get("/v1/jobs/0/deliveries"), 404, "job-not-found")
    problem_of(hooks.get(f"/v1/jobs/{job['id']}/deliveries?page_token=x"), 422)
