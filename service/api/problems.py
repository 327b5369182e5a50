"""Every answer other than success, in one shape: `application/problem+json` (RFC 9457).

`type` is the address of a page of this service that explains the code (`problem_pages.py`). Input is never echoed
beyond 80 printable characters, and neither a trace nor a path of this machine ever leaves the process.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.types import Scope

from service.access.token import redact
from service.errors import CambrianError

MEDIA_TYPE: Final = "application/problem+json"
REQUEST_ID: Final = "cambrian.request_id"
ECHO_LIMIT: Final = 80


class ProblemField(BaseModel):
    """One field that was refused."""

    pointer: Annotated[
        str,
        Field(
            description="JSON pointer into the body, `?name` for a query parameter, or the name of a header",
            examples=["/budget/evaluations", "?page_size"],
        ),
    ]
    detail: Annotated[str, Field(examples=["must be a whole number from 1 to 100,000"])]


class Problem(BaseModel):
    """An answer other than success, as RFC 9457 defines it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: Annotated[
        str, Field(description="Address of the page that explains the code", examples=["/problems/invalid-spec"])
    ]
    title: Annotated[str, Field(examples=["Invalid job spec"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[422])]
    detail: Annotated[str, Field(examples=["/budget/evaluations: must be a whole number from 1 to 100,000"])]
    instance: Annotated[str, Field(description="Path of the request", examples=["/v1/jobs"])]
    code: Annotated[str, Field(description="What to branch on; stable", examples=["invalid-spec"])]
    errors: Annotated[list[ProblemField], Field(description="The fields that were refused, if any")] = []
    request_id: Annotated[str, Field(description="Also in the header X-Request-ID and in the log")]


def problem(scope: Scope, error: CambrianError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Render an error as the answer to the request of this ASGI scope."""
    body = Problem(
        type=f"{_root_of(scope)}/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=instance_of(scope),
        code=error.code,
        errors=[ProblemField(pointer=field.pointer, detail=field.detail) for field in error.errors],
        request_id=scope.get(REQUEST_ID, ""),
    )
    # A problem belongs to this request alone.
    merged = {"Cache-Control": "no-store", **error.headers, **(headers or {})}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        merged.setdefault("Retry-After", "5")
    return JSONResponse(body.model_dump(), error.status, merged, MEDIA_TYPE)


def _root_of(scope: Scope) -> str:
    """Return the path below which the service lives; where files are mounted, Starlette keeps it under another name."""
    return str(scope.get("app_root_path", scope.get("root_path", "")))


def instance_of(scope: Scope) -> str:
    """Return the path of the request as it was sent (still percent-encoded), shortened."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "backslashreplace")
    return printable(raw.decode("ascii", "replace"))


def printable(text: str) -> str:
    """Return at most 80 characters of what a user sent, without tokens and without what could steer a terminal."""
    shown = "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in redact(text)[: ECHO_LIMIT + 1])
    return shown if len(shown) <= ECHO_LIMIT else shown[: ECHO_LIMIT - 3] + "..."


def responses(*errors: type[CambrianError]) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that an operation may answer with, for OpenAPI."""
    by_status: dict[int, list[type[CambrianError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {
        status: {
            "description": " or ".join(f"{error.title} (`{error.code}`)" for error in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {error.code: {"summary": error.title, "value": _example(error)} for error in group},
                }
            },
            "headers": {
                "X-Request-ID": {"description": "Also in the body and in the log", "schema": {"type": "string"}}
            },
        }
        for status, group in sorted(by_status.items())
    }


def _example(error: type[CambrianError]) -> dict[str, Any]:
    detail = (error.__doc__ or error.title).splitlines()[0]
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": detail,
        "instance": "/v1/jobs",
        "code": error.code,
        "errors": [],
        "request_id": "5f0c6a2e9b1d4c7f8a3e2d1c0b9a8f7e",
    }
