"""Who makes a request, and what they may do."""

from dataclasses import dataclass
from typing import Final, Literal

Scope = Literal["read", "submit", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "submit", "admin")

LOCAL_OWNER: Final = "local"
"""Owner of what is made over the loopback address without a token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner in whose name a request is made; `token_id` is None without a token.

    Everybody sees what is theirs, and nothing else: every query of the API names the owner.
    """

    owner: str
    scopes: frozenset[Scope]
    token_id: str | None = None


LOCAL: Final = Caller(LOCAL_OWNER, frozenset(SCOPES))
