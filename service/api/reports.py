"""The report of a job: to be read by people, to be kept in a repository, or to be computed with."""

import base64
import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.attachments import file_name
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfNoneMatch, matches
from service.api.problems import responses
from service.api.query import JobId
from service.errors import DatabaseUnavailable, JobNotFound, Unprocessable
from service.report.document import ReportResponse, read_report, report_etag
from service.report.files import EXTENSIONS, MEDIA_TYPES, ReportFormat, write_report

_SANDBOX: Final[Mapping[str, str]] = MappingProxyType({"Content-Security-Policy": "sandbox"})
"""A browser that shows the file in spite of its disposition gives it no origin, and runs nothing in it."""

_FILE: Final[dict[str, Any]] = {"schema": {"type": "string"}}

router = APIRouter(tags=["reports"], dependencies=[READ_OR_SUBMIT])


@router.get(
    "/jobs/{job_id}/report",
    operation_id="get_report",
    summary="Download the report of a job",
    description=(
        "All that is known of a job in one document, at any time of it: what was asked, the verdict, the networks, the "
        "charts with their numbers, the ledger, the failures and the record. `json` is the document; `html`, one file "
        "that needs no network, and `markdown` are written from it and name its SHA-256."
    ),
    response_class=Response,
    responses={
        200: {
            "model": ReportResponse,
            "description": "The report, to be saved",
            "content": {"text/html": _FILE, "text/markdown": _FILE},
            "headers": {
                **ETAG_HEADER,
                "Repr-Digest": {"description": "SHA-256 of the file (RFC 9530)", "schema": {"type": "string"}},
                "Content-Disposition": {"description": "A safe file name", "schema": {"type": "string"}},
            },
        },
        **NOT_MODIFIED,
        **responses(JobNotFound, Unprocessable, DatabaseUnavailable),
    },
)
def get_report(
    job_id: JobId,
    caller: CallerOf,
    database: DatabaseOf,
    format: Annotated[ReportFormat, Query(description="What to write it as")] = "json",  # noqa: A002 - the word of the API
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the job as it is now, and write the report of it."""
    with database.read() as session:
        document = read_report(session, caller.owner, job_id)
    headers = {"ETag": report_etag(document, format), "Cache-Control": "no-cache", **_SANDBOX}
    if if_none_match is not None and matches(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = write_report(document, format)
    name = file_name(document["job"]["name"], job_id, EXTENSIONS[format])
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
    headers |= {"Content-Disposition": f'attachment; filename="{name}"', "Repr-Digest": f"sha-256=:{digest}:"}
    return Response(content, media_type=MEDIA_TYPES[format], headers=headers)
