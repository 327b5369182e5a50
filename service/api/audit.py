"""The audit log, for administrators."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.access.audit import AuditEntry
from service.api.access import ADMIN
from service.api.context import DatabaseOf
from service.api.problems import responses
from service.api.query import PageSize, PageToken, token_for
from service.api.times import Utc
from service.api.tokens import number_after
from service.errors import DatabaseUnavailable, Unprocessable
from service.store.audit_repository import AuditRepository

_LIST: Final = "audit"

router = APIRouter(tags=["access"], dependencies=[ADMIN])


class AuditEntryResponse(BaseModel):
    """A request that changed something, or was refused to."""

    id: Annotated[str, Field(examples=["1024"])]
    created_at: Utc
    owner: Annotated[str | None, Field(description="null where nobody was known")]
    token_id: Annotated[str | None, Field(description="null on the loopback address without a token")]
    action: Annotated[str, Field(description="The operation id", examples=["cancel_job"])]
    object_kind: Annotated[str, Field(examples=["job"])]
    object_id: str | None
    status: Annotated[int, Field(description="What the service answered", examples=[200])]
    request_id: str
    client: Annotated[str, Field(description="Address that the request came from", examples=["127.0.0.1"])]


class AuditPage(BaseModel):
    """Entries of the audit log, newest first."""

    entries: list[AuditEntryResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/audit",
    operation_id="list_audit_entries",
    summary="Read who changed what, newest first",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_audit_entries(database: DatabaseOf, page_size: PageSize = 50, page_token: PageToken = None) -> AuditPage:
    """List the changes of all owners."""
    before = None if page_token is None else number_after(page_token, _LIST)
    with database.read() as session:
        found = AuditRepository(session).page(page_size + 1, before)
    page = found[:page_size]
    return AuditPage(
        entries=[_response(entry) for entry in page],
        next_page_token=token_for(_LIST, str(page[-1].id)) if len(found) > page_size else None,
    )


def _response(entry: AuditEntry) -> AuditEntryResponse:
    change = entry.change
    return AuditEntryResponse(
        id=str(entry.id),
        created_at=entry.created_at,
        owner=change.owner,
        token_id=change.token_id,
        action=change.action,
        object_kind=change.object_kind,
        object_id=change.object_id,
        status=change.status,
        request_id=change.request_id,
        client=change.client,
    )
