"""Access tokens, for administrators; and for everybody, whom the service takes them for."""

import re
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Body, Path, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from service.access.caller import SCOPES, Scope
from service.access.token import DEFAULT_DAYS, DEFAULT_SCOPES, MOST_DAYS, Token, digest_of, new_secret
from service.api.access import ADMIN, ANY_TOKEN
from service.api.context import CallerOf, DatabaseOf
from service.api.problems import responses
from service.api.query import PageSize, PageToken, bad_token, cursor_of, token_for
from service.api.times import Utc
from service.errors import (
    DatabaseUnavailable,
    MalformedJson,
    PayloadTooLarge,
    RequestTimeout,
    TokenNotFound,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import Distinct, Nothing, StrictModel, Text, Whole
from service.store.entities import now
from service.store.token_repository import TokenRepository

_BODY_PROBLEMS: Final = (MalformedJson, PayloadTooLarge, RequestTimeout, UnsupportedMediaType)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")

router = APIRouter(tags=["access"], dependencies=[ADMIN])
own = APIRouter(tags=["access"], dependencies=[ANY_TOKEN])


class TokenResponse(BaseModel):
    """A token, without the token itself."""

    id: Annotated[str, Field(examples=["7"])]
    owner: Annotated[str, Field(description="Whose jobs it opens", examples=["ada"])]
    name: Annotated[str, Field(description="What it is for", examples=["notebook"])]
    scopes: list[Scope]
    created_at: Utc
    expires_at: Annotated[Utc | None, Field(description="null: never")]
    last_used_at: Annotated[Utc | None, Field(description="To the minute")]
    revoked_at: Utc | None
    valid: Annotated[bool, Field(description="Neither expired nor revoked")]


class SecretTokenResponse(TokenResponse):
    """A token that was just made."""

    token: Annotated[str, Field(description="Shown this once and stored nowhere", examples=["cmb_..."])]


class TokenPage(BaseModel):
    """Tokens, newest first."""

    tokens: list[TokenResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


class NewToken(StrictModel):
    """A token to be made."""

    owner: Annotated[str, Text(200)]
    name: Annotated[str, Text(200)] = "token"
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES)), Distinct()] = Field(
        default_factory=lambda: list(DEFAULT_SCOPES)
    )
    expires_days: Annotated[
        Annotated[int, Whole(1, MOST_DAYS)] | None, Field(description="Days for which it is valid; null: for ever")
    ] = DEFAULT_DAYS


class WhoAmI(BaseModel):
    """Whom the service takes the caller for."""

    owner: Annotated[str, Field(description="Whose jobs are seen", examples=["ada"])]
    scopes: list[Scope]
    token_id: Annotated[str | None, Field(description="null on the loopback address without a token")]


def _known_form(text: str) -> str:
    """Refuse what no token's id can be, before SQL sees it."""
    if not _NUMBER.fullmatch(text):
        raise TokenNotFound("there is no token with this id")
    return text


TokenId = Annotated[str, AfterValidator(_known_form), Path(description="Id of the token, as the service gave it")]


@own.get("/whoami", operation_id="get_whoami", summary="Read whose token this is", responses=responses(Unprocessable))
async def get_whoami(caller: CallerOf) -> WhoAmI:
    """Say whom the service takes the caller for."""
    return WhoAmI(
        owner=caller.owner, scopes=[scope for scope in SCOPES if scope in caller.scopes], token_id=caller.token_id
    )


@router.post(
    "/tokens",
    operation_id="create_token",
    summary="Make a token",
    description="The token itself is in this answer, and never shown again.",
    status_code=201,
    response_model=SecretTokenResponse,
    responses={
        201: {"headers": {"Location": {"description": "Address of the token", "schema": {"type": "string"}}}},
        **responses(*_BODY_PROBLEMS, Unprocessable, DatabaseUnavailable),
    },
)
def create_token(
    new: Annotated[NewToken, Body(examples=[{"owner": "ada", "name": "notebook"}])],
    database: DatabaseOf,
    response: Response,
) -> SecretTokenResponse:
    """Make a token for any owner."""
    secret = new_secret()
    expires_at = None if new.expires_days is None else now() + timedelta(days=new.expires_days)
    with database.write() as session:
        token = TokenRepository(session).create(new.owner, new.name, new.scopes, digest_of(secret), expires_at)
    response.headers["Location"] = f"/v1/tokens/{token.id}"
    response.headers["Cache-Control"] = "no-store"
    return SecretTokenResponse(**_response(token).model_dump(), token=secret)


@router.get(
    "/tokens",
    operation_id="list_tokens",
    summary="List the tokens, newest first",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_tokens(
    database: DatabaseOf,
    page_size: PageSize = 50,
    page_token: PageToken = None,
    owner: Annotated[str | None, Query(max_length=200, description="Only those of this owner")] = None,
) -> TokenPage:
    """List the tokens of all owners, revoked and expired ones too."""
    scope = f"tokens {owner or ''}"
    before = None if page_token is None else number_after(page_token, scope)
    with database.read() as session:
        found = TokenRepository(session).page(page_size + 1, before, owner)
    page = found[:page_size]
    return TokenPage(
        tokens=[_response(token) for token in page],
        next_page_token=token_for(scope, str(page[-1].id)) if len(found) > page_size else None,
    )


@router.get(
    "/tokens/{token_id}",
    operation_id="get_token",
    summary="Read a token",
    responses=responses(TokenNotFound, Unprocessable, DatabaseUnavailable),
)
def get_token(token_id: TokenId, database: DatabaseOf) -> TokenResponse:
    """Read what is known of a token."""
    with database.read() as session:
        return _response(TokenRepository(session).get(int(token_id)))


@router.post(
    "/tokens/{token_id}/revoke",
    operation_id="revoke_token",
    summary="Revoke a token",
    description=(
        "It opens nothing from now on. It stays in the list, so that the audit log can be read; asking again changes "
        "nothing. The body is empty, or `{}`."
    ),
    responses=responses(*_BODY_PROBLEMS, TokenNotFound, Unprocessable, DatabaseUnavailable),
)
def revoke_token(
    token_id: TokenId, database: DatabaseOf, body: Annotated[Nothing | None, Body()] = None
) -> TokenResponse:
    """End a token at once."""
    del body
    with database.write() as session:
        return _response(TokenRepository(session).revoke(int(token_id)))


def number_after(page_token: str, scope: str) -> int:
    """Return the id after which a list goes on. Raises Unprocessable for a token that this list did not give."""
    cursor = cursor_of(page_token, scope)
    if not _NUMBER.fullmatch(cursor):
        raise bad_token()
    return int(cursor)


def _response(token: Token) -> TokenResponse:
    return TokenResponse(
        id=str(token.id),
        owner=token.owner,
        name=token.name,
        scopes=list(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
        valid=token.valid(now()),
    )
