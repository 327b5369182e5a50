"""The access log: one line for every request, with what an operator looks for, and nothing that a client can forge."""

import logging
import time

import httpx
import pytest

from service.logs import REQUESTS
from tests.service.api.serving import InProcess, Running, submit
from tests.service.api.test_events import following


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, REQUESTS)
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    names = ("request_id", "method", "path", "status", "milliseconds", "owner")
    return [{name: vars(record)[name] for name in names} for record in log.records if record.name == REQUESTS]


def test_a_request_is_told_with_its_template(running: InProcess, log: pytest.LogCaptureFixture) -> None:
    job = submit(running.client)
    answer = running.client.get(f"/v1/jobs/{job['id']}?", headers={"X-Request-ID": "mine-1"})

    told = lines(log)

    assert answer.headers["X-Request-ID"] == "mine-1"
    assert [line["status"] for line in told] == [202, 200]
    assert told[1] == {
        "request_id": "mine-1",
        "method": "GET",
        "path": "/v1/jobs/{job_id}",
        "status": 200,
        "milliseconds": told[1]["milliseconds"],
        "owner": "local",
    }
    assert isinstance(told[1]["milliseconds"], float)
    assert job["id"] not in str(told)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere%0a2026%1b[31m", {}, 404),
        ("GET", "/v1/jobs", {"Host": "evil.example"}, 400),
        ("POST", "/v1/jobs", {"Content-Type": "text/plain"}, 415),
        ("BREW", "/v1/jobs", {}, 405),
    ],
)
def test_what_was_refused_is_told_too(
    client: httpx.Client, log: pytest.LogCaptureFixture, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.request(method, path, headers=headers, content=b"x" if method == "POST" else None)

    # The line is written when the answer is out, by the thread of the server.
    deadline = time.monotonic() + 10
    while not lines(log) and time.monotonic() < deadline:
        time.sleep(0.01)
    (line,) = lines(log)

    assert line["status"] == answer.status_code == status
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert str(line["path"]).isprintable()
    assert "?" not in str(line["path"])


def test_a_stream_is_told_when_it_ends(served: Running, log: pytest.LogCaptureFixture) -> None:
    job_id = submit(served.client)["id"]
    with following(served, job_id) as follower:
        follower.next()

        assert "/v1/jobs/{job_id}/events" not in [line["path"] for line in lines(log)]

        served.client.post(f"/v1/jobs/{job_id}/cancel")
        while follower.next() is not None:
            pass
    served.stop()

    assert [line["status"] for line in lines(log) if line["path"] == "/v1/jobs/{job_id}/events"] == [200]


def test_a_header_with_a_secret_is_not_told(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("/v1/jobs?page_token=CANARY", headers={"Authorization": "Bearer cmb_CANARYCANARYCANARY"})

    assert "CANARY" not in "".join(str(vars(record)) for record in caplog.records if record.name == REQUESTS)
