"""Access tokens: made, looked up by their digest, revoked, and never deleted, so that the audit log can name them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Any, Final

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.orm import Session

from service.access.caller import SCOPES, Scope
from service.access.token import Token
from service.errors import TokenNotFound
from service.store.entities import now
from service.store.mapping import plain_text
from service.store.models import tokens

TOUCH_EVERY: Final = timedelta(minutes=1)


class TokenRepository:
    """The tokens of all owners, within the transaction of `session`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, owner: str, name: str, scopes: Sequence[Scope], digest: str, expires_at: datetime | None) -> Token:
        """Store a token by its digest."""
        values = {
            "owner": owner,
            "name": name,
            "scopes": [scope for scope in SCOPES if scope in scopes],
            "digest": digest,
            "created_at": now(),
            "expires_at": expires_at,
        }
        row = self._session.execute(insert(tokens).values(values).returning(tokens)).one()
        return _from_row(row)

    def get(self, token_id: int) -> Token:
        """Return a token, valid or not. Raises TokenNotFound."""
        return _found(token_id, self._session.execute(select(tokens).where(tokens.c.id == token_id)).first())

    def by_digest(self, digest: str) -> Token | None:
        """Return the token of this digest, valid or not; None when there is none."""
        row = self._session.execute(select(tokens).where(tokens.c.digest == digest)).first()
        return None if row is None or not compare_digest(row.digest, digest) else _from_row(row)

    def page(self, page_size: int, before: int | None = None, owner: str | None = None) -> list[Token]:
        """Return up to `page_size` tokens, newest first; those that are older than the one with the id `before`."""
        query = select(tokens).order_by(tokens.c.id.desc()).limit(page_size)
        if before is not None:
            query = query.where(tokens.c.id < before)
        if owner is not None:
            query = query.where(tokens.c.owner == plain_text(owner))
        return [_from_row(row) for row in self._session.execute(query)]

    def revoke(self, token_id: int) -> Token:
        """End a token at once; one that was revoked before keeps its time. Raises TokenNotFound."""
        self._session.execute(
            update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now())
        )
        return self.get(token_id)

    def touch(self, token_id: int, at: datetime) -> None:
        """Note that the token was used, unless that was noted within the last minute."""
        stale = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= at - TOUCH_EVERY)
        self._session.execute(update(tokens).where(tokens.c.id == token_id, stale).values(last_used_at=at))

    def any_valid(self, at: datetime) -> bool:
        """Say whether there is a token that opens anything at this moment."""
        lasting = or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > at)
        return (
            self._session.execute(select(tokens.c.id).where(tokens.c.revoked_at.is_(None), lasting)).first() is not None
        )


def _found(token_id: int, row: Row[Any] | None) -> Token:
    if row is None:
        raise TokenNotFound(f"there is no token {token_id}")
    return _from_row(row)


def _from_row(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        owner=row.owner,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
