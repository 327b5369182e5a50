"""Every route of the service against everybody who might ask: nobody, a token without the scope, another owner.

The routes come from the application itself, so that a new one is tested without being named here. One with a kind of
id that is unknown here makes the tests fail: say in `OWNED` how such an object is made, or in `SHARED` why it has no
owner.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import insert

from service.access.caller import SCOPES, Scope
from service.api.access import Entrance, Entrances
from service.app import create_app
from service.dashboard.assets import plotly_version
from service.settings import Settings
from service.store.database import Database
from service.store.mapping import candidate_values
from service.store.models import candidates
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, calling, problem_of, submit
from tests.service.data.tables import flowers
from tests.service.models import finished, found_networks
from tests.service.store.samples import candidate

# Every route of the service.
pytestmark = pytest.mark.slow


def _uploaded(owner: httpx.Client) -> str:
    answer = owner.put("/v1/datasets/flowers", content=flowers(), headers={"Content-Type": "text/csv"})

    assert answer.status_code in {200, 201}, answer.text

    return "flowers"


def _model(owner: httpx.Client, database: Database) -> str:
    # The job of the model is to be the next one that a runner takes.
    for job in owner.get("/v1/jobs", params={"status": "queued", "page_size": 200}).json()["jobs"]:
        owner.post(f"/v1/jobs/{job['id']}/cancel").raise_for_status()
    name = owner.get("/v1/whoami").json()["owner"]
    return finished(database, found_networks()["dense"], owner=name).id


def _job(owner: httpx.Client, database: Database) -> str:
    # On two features, which have a page of their own, and with a candidate 0.
    job_id = str(submit(owner, dataset="spirals")["id"])
    with database.write() as session:
        session.execute(insert(candidates).values(candidate_values(job_id, "search", candidate(0))))
    return job_id


OWNED: dict[str, Callable[[httpx.Client, Database], str]] = {
    "job_id": _job,
    "model_id": _model,
    "name": lambda owner, _: _uploaded(owner),
}
"""For each path parameter that names something with an owner: makes one as the owner, and returns its id."""

EVERYBODY_S_OWN = {"PUT /v1/datasets/{name}": "everybody may have a data set of the same name"}
"""Operations that make something under a name of the caller's choice, and the reason."""

SHARED: dict[str, tuple[str, str]] = {
    "asset": ("swagger-ui.css", "the page that explains the interface is for everybody"),
    "chart": ("best-so-far", "every job has the same charts"),
    "code": ("not-found", "problems are explained to everybody"),
    "number": ("0", "candidates are counted within a job, which has an owner"),
    "release": (plotly_version(), "the script that draws charts is for everybody"),
    "token_id": ("1", "administrators manage the tokens of every owner"),
}
"""Path parameters of things without an owner: an example, and the reason."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route, with a body and a query that it accepts."""

    method: str
    entrance: Entrance
    query: dict[str, Any]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.entrance.path}"

    @property
    def scopes(self) -> set[Scope]:
        return set(self.entrance.scopes(self.method))

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)[^}]*\}", self.entrance.path)

    def ask(self, client: httpx.Client, ids: dict[str, str], secret: str | None) -> httpx.Response:
        path = self.entrance.path
        for name in self.parameters:
            path = re.sub(r"\{" + name + r"[^}]*\}", ids[name], path)
        headers = {"Accept": "application/json", **({} if secret is None else bearer(secret))}
        options = {**self.options, "headers": headers | self.options.get("headers", {})}
        return client.request(self.method, path, params=self.query, **options)


@pytest.fixture
def guarded(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    """The application as the network sees it: everybody needs a token."""
    # The first one is what `SHARED` names: it may be revoked.
    make_token(database, "nobody")
    with calling(tmp_path, database, portal, require_token=True, requests_per_minute=1_000_000) as called:
        yield called


def _as(guarded: InProcess, secret: str) -> httpx.Client:
    # The transport has nothing to close.
    return httpx.Client(base_url=guarded.client.base_url, transport=guarded.client._transport, headers=bearer(secret))


@pytest.fixture
def operations(guarded: InProcess, tmp_path: Path) -> list[Operation]:
    entrances = Entrances(create_app(Settings(data_dir=tmp_path))).all
    described = guarded.client.get("/openapi.json").json()
    found = [
        Operation(method, entrance, *_example(described, entrance, method))
        for entrance in entrances
        for method in sorted(entrance.methods)
    ]

    assert {f"{one.method} {one.entrance.path}" for one in found if one.entrance.in_schema} == {
        f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods
    }

    for operation in found:
        for name in operation.parameters:
            assert name in OWNED or name in SHARED, (
                f"{operation.name} has the path parameter {name}, which test_access_matrix.py does not know: add to "
                "OWNED how such an object is made, or to SHARED an example and why it has no owner"
            )
    return found


def test_nobody_gets_in_without_a_token(guarded: InProcess, operations: list[Operation]) -> None:
    ids = _ids()
    public = set()
    for operation in operations:
        answer = operation.ask(guarded.client, ids, None)
        if answer.status_code != 401:
            public.add(operation.name)
            continue
        problem_of(answer, 401, "unauthorized")

        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cambrian"', operation.name

    assert public == {
        "GET /healthz",
        "GET /readyz",
        "GET /docs",
        "GET /docs/{asset}",
        "GET /plotly-{release}.js",
        "GET /problems",
        "GET /problems/{code}",
        "GET /sign-in",
        "POST /sign-in",
        "POST /sign-out",
    }


def test_a_token_without_the_scope_is_refused_and_one_with_it_is_not(
    guarded: InProcess, operations: list[Operation], database: Database
) -> None:
    for operation in operations:
        if not operation.scopes:
            continue
        _, lacking = make_token(database, "ada", [scope for scope in SCOPES if scope not in operation.scopes])
        _, exact = make_token(database, "ada", sorted(operation.scopes))

        refused = operation.ask(guarded.client, _ids(), lacking)
        problem_of(refused, 403, "scope-missing")
        assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"], operation.name
        assert operation.ask(guarded.client, _ids(), exact).status_code not in {401, 403}, operation.name


def test_what_belongs_to_another_owner_is_not_there(
    guarded: InProcess, operations: list[Operation], database: Database
) -> None:
    _, adas = make_token(database, "ada", SCOPES)
    _, bobs = make_token(database, "bob", SCOPES)
    tested = set()
    with _as(guarded, adas) as ada:
        for operation in operations:
            for name in operation.parameters:
                if name not in OWNED or operation.name in EVERYBODY_S_OWN:
                    continue
                ids = _ids() | {name: OWNED[name](ada, database)}
                stranger = operation.ask(guarded.client, ids, bobs)
                assert stranger.status_code == 404, f"{operation.name}: {name} of another owner: {stranger.text}"
                # It is there for its owner, so that the 404 above says something.
                assert operation.ask(guarded.client, ids, adas).status_code != 404, operation.name
                tested.add(operation.name)

    assert {"GET /v1/jobs/{job_id}", "POST /v1/jobs/{job_id}/cancel", "GET /jobs/{job_id}/work"} <= tested


def test_lists_show_what_is_the_callers(guarded: InProcess, database: Database) -> None:
    seen = {}
    for owner in ("ada", "bob"):
        _, secret = make_token(database, owner)
        with _as(guarded, secret) as client:
            mine = submit(client)["id"]
            seen[owner] = [job["id"] for job in client.get("/v1/jobs").json()["jobs"]]

            assert seen[owner] == [mine]
            assert mine in client.get("/").text

    assert seen["ada"] != seen["bob"]


def test_the_description_tells_the_scopes(guarded: InProcess, operations: list[Operation]) -> None:
    described = guarded.client.get("/openapi.json").json()

    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operation in operations:
        if operation.entrance.in_schema:
            told = described["paths"][operation.entrance.path][operation.method.lower()]
            public = operation.entrance.public
            assert told["security"] == (
                [] if public else [{"token": list(operation.entrance.scopes(operation.method))}]
            )
            assert ("401" in told["responses"]) == (not public)
            assert ("403" in told["responses"]) == bool(operation.scopes)
            assert "429" in told["responses"]


def _ids() -> dict[str, str]:
    """Return something for every path parameter; what has an owner is not there."""
    return dict.fromkeys(OWNED, "0") | {name: example for name, (example, _) in SHARED.items()}


def _value(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    return schema.get("minimum", parameter.get("example", schema.get("enum", ["x"])[0]))


def _example(described: dict[str, Any], entrance: Entrance, method: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a query and a body that the operation accepts, from its description."""
    operation = described["paths"].get(entrance.path, {}).get(method.lower(), {})
    query = {
        parameter["name"]: _value(parameter)
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter.get("required")
    }
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return query, {}
    schema = content["application/json"]["schema"]
    if "examples" not in schema:
        assert not operation["requestBody"].get("required"), f"give the body of {method} {entrance.path} an example"
        return query, {}
    return query, {"json": schema["examples"][0]}


def test_a_service_for_this_machine_alone_says_that_a_token_is_not_needed(running: InProcess) -> None:
    described = running.client.get("/openapi.json").json()

    assert described["paths"]["/v1/jobs"]["get"]["security"] == [{"token": ["read"]}, {}]
    assert described["paths"]["/healthz"]["get"]["security"] == []
