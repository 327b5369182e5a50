"""Webhooks of jobs: given when a job is submitted, and what became of their deliveries."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import JobId, PageSize, PageToken, bad_token, cursor_of, token_for
from service.api.times import Utc
from service.errors import DatabaseUnavailable, FieldError, JobNotFound, Unprocessable
from service.job_request import WebhookEvent, WebhookSpec
from service.settings import Settings
from service.store.entities import Delivery, DeliveryStatus
from service.store.job_repository import JobRepository
from service.store.webhook_repository import MOST_ATTEMPTS, WebhookRepository
from service.webhooks.address import AddressRefused, parse

_LARGEST_SEQUENCE: Final = 2**63 - 1

router = APIRouter(tags=["jobs"], dependencies=[READ_OR_SUBMIT])


class WebhookResponse(BaseModel):
    """The webhook of a job that was just submitted."""

    url: str
    events: list[WebhookEvent]
    secret: Annotated[str, Field(description="Under which deliveries are signed; never shown again")]


class DeliveryResponse(BaseModel):
    """What a webhook is told of one event."""

    id: Annotated[str, Field(description="Also in the header Cambrian-Delivery; the same for every attempt")]
    sequence: Annotated[int, Field(description="That of the job's event")]
    event: WebhookEvent
    status: DeliveryStatus
    attempts: Annotated[int, Field(description=f"At most {MOST_ATTEMPTS}, with growing pauses")]
    answer: Annotated[int | None, Field(description="Status of the last answer")]
    error: Annotated[str | None, Field(description="Why the last attempt failed")]
    created_at: Utc
    next_attempt_at: Utc | None
    delivered_at: Utc | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryResponse":
        """Render a delivery."""
        return cls.model_validate(delivery, from_attributes=True)


class DeliveryPage(BaseModel):
    """Deliveries in the order of their events."""

    deliveries: list[DeliveryResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/jobs/{job_id}/deliveries",
    operation_id="list_deliveries",
    summary="List what the webhook of a job was told",
    responses=responses(JobNotFound, Unprocessable, DatabaseUnavailable),
)
def list_deliveries(
    job_id: JobId, caller: CallerOf, database: DatabaseOf, page_size: PageSize = 50, page_token: PageToken = None
) -> DeliveryPage:
    """List the deliveries of a job's webhook, those that wait and those that failed included."""
    scope = f"deliveries {job_id}"
    after = 0 if page_token is None else _sequence(page_token, scope)
    with database.read() as session:
        JobRepository(session, caller.owner).get(job_id)
        found = WebhookRepository(session).deliveries(job_id, after, page_size + 1)
    shown = found[:page_size]
    return DeliveryPage(
        deliveries=[DeliveryResponse.of(delivery) for delivery in shown],
        next_page_token=token_for(scope, str(shown[-1].sequence)) if len(found) > page_size else None,
    )


def webhook_refusals(webhook: WebhookSpec | None, settings: Settings) -> list[FieldError]:
    """Return what keeps a webhook from being taken here."""
    if webhook is None:
        return []
    if not settings.webhooks:
        return [FieldError("/webhook", "cannot be given: this service's operator has not switched webhooks on")]
    try:
        parse(webhook.url, settings.webhook_hosts)
    except AddressRefused as refused:
        return [FieldError("/webhook/url", str(refused))]
    return []


def _sequence(token: str, scope: str) -> int:
    cursor = cursor_of(token, scope)
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20 and int(cursor) <= _LARGEST_SEQUENCE):
        raise bad_token()
    return int(cursor)
