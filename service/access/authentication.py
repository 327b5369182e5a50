"""Finds the token that somebody brings. Nothing is remembered between requests, so that revoking works at once."""

import logging
from dataclasses import replace

from service.access.token import Token, digest_of, well_formed
from service.errors import DatabaseUnavailable, TokenNotFound
from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TOUCH_EVERY, TokenRepository

log = logging.getLogger(__name__)


def token_of_secret(database: Database, secret: str) -> Token | None:
    """Return the valid token that `secret` is, and note that it was used; None for anything else.

    What cannot be a token is refused without asking the database. Raises DatabaseUnavailable.
    """
    if not well_formed(secret):
        return None
    with database.read() as session:
        found = TokenRepository(session).by_digest(digest_of(secret))
    return _used(database, found)


def token_of_session(database: Database, token_id: int) -> Token | None:
    """Return the valid token with this id, and note that it was used; None otherwise. Raises DatabaseUnavailable."""
    try:
        with database.read() as session:
            found = TokenRepository(session).get(token_id)
    except TokenNotFound:
        return None
    return _used(database, found)


def _used(database: Database, token: Token | None) -> Token | None:
    at = now()
    if token is None or not token.valid(at):
        return None
    if token.last_used_at is not None and at - token.last_used_at < TOUCH_EVERY:
        return token
    try:
        with database.write() as session:
            TokenRepository(session).touch(token.id, at)
    except DatabaseUnavailable:
        # Worth a line, and not the request: reading may still work.
        log.warning("it could not be noted that token %s was used", token.id)
        return token
    return replace(token, last_used_at=at)
