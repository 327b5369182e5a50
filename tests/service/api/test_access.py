from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service.access.caller import Caller
from service.api.access import ADMIN, PUBLIC, READ, READ_OR_SUBMIT, AccessUndeclared, Entrances, require
from service.api.handlers import add_handlers
from service.app import create_app
from service.errors import ScopeMissing
from service.settings import Settings
from tests.service.api.serving import AsgiBridge


def nothing() -> None:
    """Answer nothing."""


def entrances(router: APIRouter) -> Entrances:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    outer = APIRouter(prefix="/v1")
    outer.include_router(router)
    app.include_router(outer)
    return Entrances(app)


def test_a_route_that_declares_nothing_keeps_the_application_from_starting() -> None:
    router = APIRouter()
    router.add_api_route("/things", nothing)

    with pytest.raises(AccessUndeclared, match=r"/v1/things does not say .* dependencies=\[READ_OR_SUBMIT\]"):
        entrances(router)


def test_a_plain_route_cannot_declare_and_is_refused(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    app.router.routes.append(Route("/hidden", PlainTextResponse("seen")))

    with pytest.raises(AccessUndeclared, match="/hidden"):
        Entrances(app)


def test_a_route_cannot_be_public_and_more() -> None:
    router = APIRouter(dependencies=[PUBLIC])
    router.add_api_route("/things", nothing, dependencies=[READ])

    with pytest.raises(AccessUndeclared, match="public and more"):
        entrances(router)


def test_the_scope_follows_the_method_and_a_route_adds_to_its_router() -> None:
    router = APIRouter(dependencies=[READ_OR_SUBMIT])
    router.add_api_route("/things", nothing, methods=["GET", "POST"])
    router.add_api_route("/things/all", nothing, methods=["DELETE"], dependencies=[ADMIN])
    things, everything = entrances(router).all

    assert things.scopes("GET") == ("read",)
    assert things.scopes("POST") == ("submit",)
    assert everything.scopes("DELETE") == ("submit", "admin")


def test_every_route_of_the_service_declares(tmp_path: Path) -> None:
    found = Entrances(create_app(Settings(data_dir=tmp_path)))

    public = {entrance.path for entrance in found.all if entrance.public}
    pages = {"/problems", "/problems/{code}", "/docs", "/docs/{asset}", "/plotly-{release}.js", "/sign-in", "/sign-out"}
    assert public == {"/healthz", "/readyz"} | pages
    for entrance in found.all:
        changes = entrance.methods - {"GET", "HEAD"}
        if entrance.operation_id in {"predict", "ask_networks"}:
            # Asking a model changes nothing; its rows only do not fit into an address.
            assert entrance.scopes("POST") == ("read",)
        elif not entrance.public:
            assert all(set(entrance.scopes(method)) & {"submit", "admin"} for method in changes), entrance.path


def test_a_route_that_nobody_was_let_in_for_refuses_by_itself(portal: BlockingPortal) -> None:
    router = APIRouter(dependencies=[READ])
    router.add_api_route("/things", nothing)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    add_handlers(app)
    with httpx.Client(base_url="http://127.0.0.1", transport=AsgiBridge(app, portal)) as client:
        answer = client.get("/things")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(ScopeMissing, match="needs the scope submit; the token has read"):
        require(Caller("ada", frozenset({"read"})), "read", "submit")
