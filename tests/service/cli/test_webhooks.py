"""The whole path: a job submitted to a real service, whose real runner tells a real receiver."""

import time
from pathlib import Path

import pytest

from service.client import Client
from tests.service.cli.commands import environment, serving
from tests.service.webhooks.receiver import receiving

pytestmark = pytest.mark.slow


def test_a_service_tells_the_end_of_a_job(data_dir: Path) -> None:
    with receiving() as receiver:
        env = environment(data_dir, CAMBRIAN_WEBHOOKS="true", CAMBRIAN_WEBHOOK_HOSTS=receiver.allowed[0])
        with serving(env) as service, Client(service.url) as client:
            endless = {"dataset": "digits-8x8", "budget": {"evaluations": 90_000}}
            job = client.submit({**endless, "webhook": {"url": receiver.url, "events": ["running", "cancelled"]}})
            # The search goes on while the receiver does not answer.
            receiver.hang = True
            for event in client.events(job["id"]):
                if event.type == "evaluated" and receiver.requests:
                    break
            receiver.hang = False
            client.cancel(job["id"])
            while True:
                told = {one["event"]: one for one in client.deliveries(job["id"])}
                if told.get("cancelled", {"status": "pending"})["status"] != "pending":
                    break
                time.sleep(0.05)

    webhook = job.get("webhook")
    assert webhook is not None
    assert webhook["secret"].startswith("whsec_")
    assert (told["cancelled"]["status"], told["cancelled"]["answer"]) == ("delivered", 200)
    assert told["running"]["attempts"] >= 1
