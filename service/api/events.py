"""What happened to a job: as a stream that goes on, or as pages."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Header, Query
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf, EventFeedOf
from service.api.event_feed import Ended, EventFeed, KeepAlive
from service.api.event_tail import as_json
from service.api.problems import responses
from service.api.query import JobId, PageSize, PageToken, bad_token, cursor_of, token_for
from service.api.times import Utc
from service.errors import DatabaseUnavailable, FieldError, JobNotFound, Unprocessable
from service.fields import WholeText
from service.store.database import Database
from service.store.entities import Event
from service.store.event_repository import EventRepository
from service.store.job_repository import JobRepository

STREAM: Final = "text/event-stream"
_RECONNECT_MILLISECONDS: Final = 1_000
_LARGEST: Final = 2**63 - 1
_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")

router = APIRouter(tags=["events"], dependencies=[READ_OR_SUBMIT])


class EventResponse(BaseModel):
    """One thing that happened to a job."""

    sequence: Annotated[int, Field(description="1, 2, 3 ... without gaps within the job", examples=[1])]
    type: Annotated[str, Field(examples=["evaluated"])]
    data: dict[str, Any]
    created_at: Utc

    @classmethod
    def of(cls, event: Event) -> "EventResponse":
        """Render an event."""
        return cls(sequence=event.sequence, type=event.type, data=event.data, created_at=event.created_at)


class EventPage(BaseModel):
    """Events in the order in which they happened."""

    events: list[EventResponse]
    next_page_token: Annotated[
        str | None, Field(description="null: these are all so far; go on later with `after`, the last sequence")
    ]


@router.get(
    "/jobs/{job_id}/events",
    operation_id="list_events",
    summary="Follow a job, or page through what happened to it",
    description=(
        "With `Accept: application/json` a page of events. Otherwise a stream of server-sent events: `id` is the "
        "sequence, `event` the type, `data` the event's data as JSON. It begins after `Last-Event-ID` or `after`, "
        "sends a comment at least every 15 seconds, and ends with an `end` event (data: the job's status) once the job "
        "has finished. A `close` event means that the service stops while the job goes on: connect again with the last "
        "id."
    ),
    response_class=Response,
    responses={
        200: {
            "description": "The stream, or a page",
            "content": {
                STREAM: {"schema": {"type": "string"}},
                "application/json": {"schema": {"$ref": "#/components/schemas/EventPage"}},
            },
        },
        **responses(JobNotFound, Unprocessable, DatabaseUnavailable),
    },
)
async def list_events(
    *,
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    feed: EventFeedOf,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    last_event_id: Annotated[str | None, Header(description="Sequence of the last event that was seen")] = None,
    after: Annotated[int | None, WholeText(0, _LARGEST), Query(description="Begin after this sequence")] = None,
    page_size: PageSize = 50,
    page_token: PageToken = None,
) -> Response:
    """Answer with a stream or a page, as the client accepts it."""
    start = _start(after, last_event_id)
    if _wants_page(accept):
        if page_token is not None:
            start = _sequence_of(page_token, job_id)
        page = await to_thread.run_sync(_page, database, caller.owner, job_id, start, page_size)
        return JSONResponse(page.model_dump(mode="json"), headers={"Vary": "Accept", "Cache-Control": "no-store"})
    # Before the first byte, so that an unknown job is a 404 and not a broken stream.
    await to_thread.run_sync(_exists, database, caller.owner, job_id)
    return StreamingResponse(
        _encoded(feed, job_id, start),
        media_type=STREAM,
        headers={"Vary": "Accept", "Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _encoded(feed: EventFeed, job_id: str, after: int) -> AsyncIterator[bytes]:
    # At once, so that the client knows that it is connected, however long the first event takes.
    yield format_sse_event(comment="events of this job", retry=_RECONNECT_MILLISECONDS)
    async for item in feed.stream(job_id, after):
        match item:
            case bytes():
                yield item
            case KeepAlive():
                yield format_sse_event(comment="still here")
            case Ended(None):
                yield format_sse_event(data_str=as_json({"reason": "the service stops"}), event="close")
            case Ended(status):
                yield format_sse_event(data_str=as_json({"status": status}), event="end")


def _page(database: Database, owner: str, job_id: str, after: int, page_size: int) -> EventPage:
    with database.read() as session:
        JobRepository(session, owner).get(job_id)
        events = EventRepository(session).after(job_id, after, page_size + 1)
    more = len(events) > page_size
    events = events[:page_size]
    return EventPage(
        events=[EventResponse.of(event) for event in events],
        next_page_token=token_for(_scope(job_id), str(events[-1].sequence)) if more else None,
    )


def _exists(database: Database, owner: str, job_id: str) -> None:
    with database.read() as session:
        JobRepository(session, owner).get(job_id)


def _start(after: int | None, last_event_id: str | None) -> int:
    # A browser that reconnects sends the header and still has `after` in its address: the header is the later one.
    if last_event_id is None or last_event_id == "":
        return after or 0
    if not _SEQUENCE.fullmatch(last_event_id):
        detail = "must be the id of an event of this job, a whole number"
        raise Unprocessable(f"Last-Event-ID: {detail}", errors=[FieldError("Last-Event-ID", detail)])
    return int(last_event_id)


def _wants_page(accept: str) -> bool:
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    return "application/json" in kinds and STREAM not in kinds


def _sequence_of(token: str, job_id: str) -> int:
    cursor = cursor_of(token, _scope(job_id))
    if not _SEQUENCE.fullmatch(cursor):
        raise bad_token()
    return int(cursor)


def _scope(job_id: str) -> str:
    return f"events {job_id}"
