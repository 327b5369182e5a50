import json

import httpx
import pytest
from starlette.types import Scope

from service.api.problems import ECHO_LIMIT, instance_of, printable, problem, responses
from service.errors import Conflict, DatabaseUnavailable, FieldError, InvalidSpec, JobNotFound, NotFound
from tests.service.api.serving import problem_of

SCOPE: Scope = {"type": "http", "path": "/v1/jobs", "raw_path": b"/v1/jobs", "cambrian.request_id": "abc"}


def test_a_problem_has_all_members_of_the_standard() -> None:
    answer = problem(SCOPE, InvalidSpec("/seed: must be 1", errors=[FieldError("/seed", "must be 1")]))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "type": "/problems/invalid-spec",
        "title": "Invalid job spec",
        "status": 422,
        "detail": "/seed: must be 1",
        "instance": "/v1/jobs",
        "code": "invalid-spec",
        "errors": [{"pointer": "/seed", "detail": "must be 1"}],
        "request_id": "abc",
    }


def test_503_says_when_to_come_back() -> None:
    answer = problem(SCOPE, DatabaseUnavailable("away"))

    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb\nc\u202ed", "a?[31mb?c?d"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 77 + "..."),
        ("/v1/jobs/cmb_" + "0aZ" * 16 + "7/cancel", "/v1/jobs/cmb_[redacted]/cancel"),
        ("cmb_short", "cmb_short"),
    ],
)
def test_echo_is_short_and_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert len(printable(text)) <= ECHO_LIMIT


def test_instance_is_the_path_as_it_was_sent() -> None:
    assert instance_of({"type": "http", "path": "/v1/a\0b", "raw_path": b"/v1/a%00b"}) == "/v1/a%00b"


def test_errors_of_one_status_are_described_together() -> None:
    described = responses(NotFound, JobNotFound, Conflict)

    assert list(described) == [404, 409]
    assert described[404]["description"] == "Not found (`not-found`) or Job not found (`job-not-found`)"


def test_unknown_address(client: httpx.Client) -> None:
    assert problem_of(client.get("/v2/jobs"), 404, "not-found")["instance"] == "/v2/jobs"


def test_a_trailing_slash_is_another_address_and_no_redirect(client: httpx.Client) -> None:
    problem_of(client.get("/v1/jobs/"), 404)


def test_a_long_path_is_not_echoed_whole(client: httpx.Client) -> None:
    body = problem_of(client.get("/" + "x" * 5_000), 404)

    assert len(body["instance"]) == ECHO_LIMIT


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/jobs", "GET, POST"),
        ("DELETE", "/v1/jobs", "GET, POST"),
        ("PUT", "/v1/jobs/0", "DELETE, GET, PATCH"),
        ("GET", "/v1/jobs/0/cancel", "POST"),
        ("OPTIONS", "/healthz", "GET"),
    ],
)
def test_405_lists_all_methods(client: httpx.Client, method: str, path: str, allow: str) -> None:
    answer = client.request(method, path)

    problem_of(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == allow
