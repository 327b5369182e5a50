"""ETag and If-None-Match: whoever has an answer already is told so, and nothing else."""

import hashlib

from pydantic import BaseModel
from starlette.responses import Response


def matches(if_none_match: str | None, etag: str) -> bool:
    """Say whether the header If-None-Match names this ETag."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or etag in tags


def json_answer(
    model: BaseModel, if_none_match: str | None = None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return the model as JSON with an ETag of its content, or 304 where the client has it."""
    content = model.model_dump_json().encode()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    merged = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}
    if matches(if_none_match, etag):
        return Response(status_code=304, headers=merged)
    return Response(content, status, merged, "application/json")
