"""`Idempotency-Key`: a creation that is asked for again is not done again, but answered as it was.

Every address that creates something runs its work through `create_once`.
"""

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import AfterValidator
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from service.errors import DatabaseUnavailable, FieldError, IdempotencyKeyInUse, IdempotencyKeyReused, Unprocessable
from service.store.database import Database
from service.store.idempotency_repository import Answer, Attempt, IdempotencyRepository
from service.store.lease import RunnerIdentity

KEY_PROBLEMS: Final = (IdempotencyKeyInUse, IdempotencyKeyReused)
REPLAYED: Final = "Idempotency-Replayed"
CREATED_HEADERS: Final = {
    "Location": {"description": "Address of what was created", "schema": {"type": "string"}},
    REPLAYED: {"description": "`true` where the answer is an earlier one", "schema": {"type": "string"}},
}
_FORM: Final = re.compile(r"[!-~]{1,255}")


def _of_known_form(key: str | None) -> str | None:
    if key is not None and not _FORM.fullmatch(key):
        detail = "must be 1 to 255 visible ASCII characters without spaces, such as a UUID"
        raise Unprocessable(f"Idempotency-Key: {detail}", errors=[FieldError("Idempotency-Key", detail)])
    return key


IdempotencyKey = Annotated[
    str | None,
    AfterValidator(_of_known_form),
    Header(
        alias="Idempotency-Key",
        description="Makes it safe to send the request again: for 24 hours the same key gets the same answer",
    ),
]


def create_once(
    database: Database,
    owner: str,
    key: str | None,
    operation: str,
    body: dict[str, Any],
    work: Callable[[Session], Answer],
) -> Response:
    """Do the work in a transaction, or answer as the same request was answered before.

    `operation` and `body` are what makes two requests the same. A work that raises stores nothing and gives the key
    back. Raises IdempotencyKeyInUse and IdempotencyKeyReused.
    """
    if key is None:
        with database.write() as session:
            return _response(work(session))
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    with database.write() as session:
        begun = IdempotencyRepository(session).begin(
            owner, key, operation, digest, str(RunnerIdentity.of_this_process())
        )
    if isinstance(begun, Answer):
        return _response(begun, {REPLAYED: "true"})
    try:
        with database.write() as session:
            answer = work(session)
            IdempotencyRepository(session).finish(begun, answer)
    except BaseException:
        _give_back(database, begun)
        raise
    return _response(answer)


def _give_back(database: Database, attempt: Attempt) -> None:
    # Where the database is away the key is free again after a minute.
    with suppress(DatabaseUnavailable), database.write() as session:
        IdempotencyRepository(session).forget(attempt)


def _response(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(answer.body, answer.status, {"Location": answer.location, **(headers or {})})
