"""Access tokens: how they look, and what is kept of them.

A token is `cmb_`, 32 random bytes in base 62, and six characters that check the rest (CRC-32), as GitHub builds its
own: the prefix lets scanners find one that was published by mistake, the check refuses a mistyped one without asking
the database. With 256 random bits a plain SHA-256 is enough to store; a slow hash protects secrets that can be guessed.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.access.caller import Caller, Scope

PREFIX: Final = "cmb_"
RANDOM_BYTES: Final = 32
DEFAULT_DAYS: Final = 90
MOST_DAYS: Final = 3_650
DEFAULT_SCOPES: Final[tuple[Scope, ...]] = ("read", "submit")
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 62**43 is the first power above 2**256, and 62**6 the first above 2**32.
_SECRET_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6
_FORM: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}")


# Shorter than a token, so that one that was cut off is found too.
_ANYWHERE: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{8,}}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the token itself is shown once, when it is made, and stored nowhere."""

    id: int
    owner: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def valid(self, at: datetime) -> bool:
        """Say whether it opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    @property
    def caller(self) -> Caller:
        """Whoever brings it."""
        return Caller(self.owner, frozenset(self.scopes), str(self.id))


def new_secret() -> str:
    """Return a token that nobody had before."""
    number = int.from_bytes(secrets.token_bytes(RANDOM_BYTES), "big")
    body = PREFIX + _base62(number, _SECRET_LENGTH)
    return body + _check(body)


def well_formed(text: str) -> bool:
    """Say whether `text` could be a token: its form is right, and its check is that of the rest."""
    if not _FORM.fullmatch(text):
        return False
    return secrets.compare_digest(text[-_CHECK_LENGTH:], _check(text[:-_CHECK_LENGTH]))


def digest_of(secret: str) -> str:
    """Return what is stored of a token: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def redact(text: str) -> str:
    """Return `text` without the tokens in it; somebody may send one where it does not belong."""
    return _ANYWHERE.sub(f"{PREFIX}[redacted]", text) if PREFIX in text else text


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
