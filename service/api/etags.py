"""Tags that tell one state of a resource from another (RFC 9110, section 8.8).

A tag is a digest of the representation itself, so that nothing that it shows can change without it. Left out is what
changes by the mere passing of time: a dashboard that asks every second is told 304 until something has happened.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from service.api.conditional import matches
from service.errors import PreconditionFailed

IfNoneMatch = Annotated[
    str | None, Header(max_length=2_000, description="ETags that are known: 304 where the resource still has one")
]
IfMatch = Annotated[
    str | None, Header(max_length=2_000, description="ETag of the state that is to be changed: 412 where it is another")
]
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "The resource is still the one that If-None-Match names"}
}
ETAG_HEADER: Final = {"ETag": {"description": "Tells this state from others", "schema": {"type": "string"}}}


def etag_of(representation: Mapping[str, Any], passing: Collection[str] = ()) -> str:
    """Return the tag of a representation in JSON, without the fields that only tell how time passes."""
    lasting = {name: value for name, value in representation.items() if name not in passing}
    text = json.dumps(lasting, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def require_match(if_match: str | None, etag: str) -> None:
    """Raise PreconditionFailed where the header names other states only."""
    if if_match is not None and not matches(if_match, etag):
        raise PreconditionFailed("the resource has changed since the state that If-Match names")


def tagged(
    representation: BaseModel | Mapping[str, Any], if_none_match: str | None, passing: Collection[str] = ()
) -> Response:
    """Answer with a representation and its tag, or with 304 where the client has it."""
    body = representation.model_dump(mode="json") if isinstance(representation, BaseModel) else dict(representation)
    etag = etag_of(body, passing)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if if_none_match is not None and matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return JSONResponse(body, headers=headers)
