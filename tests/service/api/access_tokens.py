"""Tokens for the tests, made as `cambrian token create` makes them."""

from collections.abc import Sequence
from datetime import timedelta

from service.access.caller import Scope
from service.access.token import Token, digest_of, new_secret
from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TokenRepository


def make_token(
    database: Database, owner: str, scopes: Sequence[Scope] = ("read", "submit"), days: float | None = 1
) -> tuple[Token, str]:
    """Return a token as it is stored, and the token itself; a negative number of days gives one that is over."""
    secret = new_secret()
    expires_at = None if days is None else now() + timedelta(days=days)
    with database.write() as session:
        return TokenRepository(session).create(owner, "test", scopes, digest_of(secret), expires_at), secret


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
