"""The web application: made from settings by `create_app`, so that nothing is opened when a module is imported."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic.json_schema import models_json_schema
from starlette.staticfiles import StaticFiles

from service.access.exposure import known_hosts, require_token_to_start
from service.api import (
    ask,
    audit,
    candidates,
    charts,
    datasets,
    description_page,
    downloads,
    events,
    examinations,
    health,
    job_actions,
    jobs,
    lineages,
    metrics,
    models,
    networks,
    plans,
    predictions,
    priorities,
    problem_pages,
    recommendations,
    records,
    reports,
    tokens,
    uploads,
    verdicts,
    webhooks,
)
from service.api.access import Entrances
from service.api.access_description import describe_access
from service.api.audit_trail import AuditTrail
from service.api.doorkeeper import Door, Doorkeeper
from service.api.envelope import Envelope
from service.api.event_feed import EventFeed
from service.api.guard import Guard
from service.api.handlers import add_handlers
from service.api.json_body import JsonBody
from service.api.observer import Observer, templates_of
from service.api.predictor import Predictor
from service.api.prefix import Prefix
from service.api.problems import Problem
from service.api.query import known_query
from service.api.raw_body import RawBodies
from service.api.stopping import Stopping, StopSignal
from service.api.upload_slots import UploadSlots
from service.charts.shelf import Shelf
from service.dashboard import (
    answer_parts,
    answers,
    assets,
    candidate,
    candidate_table,
    chart_page,
    compare,
    job_list,
    new,
    overview,
    playground,
    report,
    sign_in,
    try_page,
)
from service.dashboard import datasets as dataset_pages
from service.dashboard.fragments import Fragments
from service.dataset_intake import DatasetIntake
from service.examination.examiner import Examiner
from service.examination.tidying import tidy_examinations
from service.metrics.registry import make_metrics
from service.settings import Settings
from service.store.audit_repository import AuditRepository
from service.store.database import Database
from service.store.entities import now

_RESOURCES = (
    jobs,
    job_actions,
    plans,
    priorities,
    webhooks,
    candidates,
    lineages,
    examinations,
    charts,
    events,
    networks,
    ask,
    verdicts,
    recommendations,
    datasets,
    uploads,
    models,
    downloads,
    predictions,
    records,
    reports,
    tokens,
    audit,
)

_PAGES = (
    job_list,
    overview,
    answers,
    answer_parts,
    candidate_table,
    chart_page,
    compare,
    candidate,
    playground,
    report,
    try_page,
    sign_in,
    assets,
    new,
    dataset_pages,
)

_DESCRIPTION = (
    "Cambrian evolves the structure of neural networks and says honestly whether it was worth it. Every answer other "
    "than success is `application/problem+json` (RFC 9457). Times are RFC 3339 in UTC, durations end in `_seconds`, "
    "ids are opaque."
)


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Make the application; a database that is handed in stays open when the application ends.

    Raises AccessUndeclared for a route that does not say what it asks of its caller.
    Starting it brings the tables to this release, and raises SchemaNewer or DatabaseUnavailable where that cannot be,
    and NoToken where the network could reach it and nobody could use it.
    """
    opened = database if database is not None else Database(settings.database_url)
    feed = EventFeed(opened)
    intake = DatasetIntake(opened, settings)
    examiner = Examiner(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        await asyncio.to_thread(_prepare, opened, settings)
        await asyncio.to_thread(intake.tidy)
        await asyncio.to_thread(tidy_examinations, opened, examiner.files)
        polling = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            feed.close()
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling
            await asyncio.to_thread(examiner.close)
            if database is None:
                opened.close()

    app = FastAPI(
        title="Cambrian",
        version=version("cambrian"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # FastAPI's own pages load their scripts from the network; ours is service/api/description_page.py.
        docs_url=None,
        redoc_url=None,
        # A redirect would be built from the Host header; an address either exists or does not.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.database = opened
    app.state.event_feed = feed
    app.state.dataset_intake = intake
    app.state.examiner = examiner
    app.state.upload_slots = UploadSlots()
    app.state.raw_bodies = RawBodies(settings.max_upload_bytes + uploads.FORM_BYTES)
    app.state.predictor = Predictor()
    app.state.chart_shelf = Shelf()
    app.state.stop = StopSignal()
    app.state.metrics = make_metrics(opened, feed)
    app.state.fragments = Fragments()
    app.state.door = Door(settings, opened)
    _add_routes(app)
    add_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(JsonBody, raw=app.state.raw_bodies)
    app.add_middleware(Stopping, signal=app.state.stop)
    entrances = Entrances(app)
    app.add_middleware(Doorkeeper, door=app.state.door, entrances=entrances, sign_in=sign_in.sign_in_page)
    app.add_middleware(Guard, hosts=known_hosts(settings.host, settings.allowed_hosts))
    app.add_middleware(AuditTrail, database=opened, entrances=entrances)
    app.add_middleware(Envelope)
    app.add_middleware(Observer, requests=app.state.metrics.requests, templates=templates_of(app))
    if settings.root_path:
        app.add_middleware(Prefix, prefix=settings.root_path)
    _describe(app, entrances)
    return app


def _prepare(database: Database, settings: Settings) -> None:
    database.upgrade()
    require_token_to_start(database, settings.host)
    with database.write() as session:
        AuditRepository(session).prune(now() - timedelta(days=settings.audit_days))


def _add_routes(app: FastAPI) -> None:
    v1 = APIRouter(prefix="/v1", dependencies=[Depends(known_query)])
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    v1.include_router(health.versions)
    v1.include_router(tokens.own)
    app.include_router(v1)
    app.include_router(health.router, dependencies=[Depends(known_query)])
    app.include_router(metrics.router, dependencies=[Depends(known_query)])
    app.include_router(problem_pages.router)
    app.include_router(description_page.router)
    for page in _PAGES:
        app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=assets.STATIC))


def _describe(app: FastAPI, entrances: Entrances) -> None:
    """Add to the OpenAPI description the models that no operation names as its one answer, and who may do what."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        description = plain()
        _, models = models_json_schema(
            [
                (Problem, "serialization"),
                (events.EventPage, "serialization"),
                (charts.ChartResponse, "serialization"),
            ],
            ref_template="#/components/schemas/{model}",
        )
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in models["$defs"].items():
            schemas.setdefault(name, schema)
        door: Door = app.state.door
        describe_access(description, entrances, optional=door.nobody is not None)
        return description

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the description
