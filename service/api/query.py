"""Query strings and path parameters, read as strictly as bodies."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args, get_origin

from fastapi import Path, Query, Request
from pydantic import AfterValidator

from service.api.problems import printable
from service.errors import FieldError, JobNotFound, Unprocessable
from service.fields import WholeText

MAX_PAGE_SIZE: Final = 200

PageSize = Annotated[int, WholeText(1, MAX_PAGE_SIZE), Query(description="Entries per page")]
PageToken = Annotated[
    str | None, Query(max_length=500, description="Where to go on: the `next_page_token` of the page before")
]

_ID: Final = re.compile(r"[0-9a-z]{1,40}")


def id_form(text: str) -> bool:
    """Say whether an id could be one of ours; SQL is asked for no other (PostgreSQL cannot even be asked for a NUL)."""
    return _ID.fullmatch(text) is not None


def _known_form(text: str) -> str:
    """Refuse what no job's id can be, before SQL sees it."""
    if not id_form(text):
        raise JobNotFound("there is no job with this id")
    return text


JobId = Annotated[str, AfterValidator(_known_form), Path(description="Id of the job, as the service gave it")]


async def known_query(request: Request) -> None:
    """Refuse query parameters that the operation does not know, and single ones given twice (a dependency)."""
    parameters = request.scope["route"].dependant.query_params
    known = [parameter.alias for parameter in parameters]
    lists = {parameter.alias for parameter in parameters if is_list(parameter.field_info.annotation)}
    seen: set[str] = set()
    errors: list[FieldError] = []
    for name, _ in request.query_params.multi_items():
        pointer = f"?{printable(name)}"
        if name not in known:
            errors.append(FieldError(pointer, f"is not a query parameter of this address{nearest(name, known)}"))
        elif name in seen and name not in lists:
            errors.append(FieldError(pointer, "is given more than once; give it once"))
        seen.add(name)
    if errors:
        raise Unprocessable(f"{errors[0].pointer}: {errors[0].detail}", errors=errors[:20])


def is_list(annotation: object) -> bool:
    """Say whether a parameter of this type is a list, which is given as one parameter for each item."""
    return get_origin(annotation) is list or any(is_list(arm) for arm in get_args(annotation))


def nearest(name: str, known: list[str]) -> str:
    """Return the end of a sentence that helps whoever mistyped a name."""
    if not known:
        return "; there are none"
    close = get_close_matches(name[:80], known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ";"
    return f"{hint} known are {', '.join(known)}"


def token_for(scope: str, cursor: str) -> str:
    """Return an opaque token for a place in a list; `scope` names the list with its filters."""
    return base64.urlsafe_b64encode(f"{scope}\n{cursor}".encode()).rstrip(b"=").decode()


def cursor_of(token: str, scope: str) -> str:
    """Return the place that a token stands for; raises Unprocessable for one that this list did not give."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise bad_token() from None
    given, separator, cursor = text.partition("\n")
    if not separator:
        raise bad_token()
    if given != scope:
        raise bad_token("was given for other filters; keep the filters while paging")
    return cursor


def digest_of(filters: Mapping[str, Any]) -> str:
    """Return a short text for the filters of a list, by which a token knows the list that it belongs to."""
    text = json.dumps(filters, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def bad_token(detail: str = "must be the next_page_token of an earlier page, unchanged") -> Unprocessable:
    """Return the refusal of a page token."""
    return Unprocessable(f"?page_token: {detail}", errors=[FieldError("?page_token", detail)])
