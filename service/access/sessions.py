"""Who is signed in on the pages: a random value in a cookie stands for a token.

The token itself never lies in the browser. Sessions live in the memory of the web process: a restart ends them all, and
a token that is revoked ends its own, because each request looks the token up again.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

SESSION_SECONDS: Final = 12 * 3600
MOST_SESSIONS: Final = 1_000


class Sessions:
    """The sessions of this process; not for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def open(self, token_id: int) -> str:
        """Begin a session for a token and return the value of its cookie; of too many the oldest one ends."""
        value = secrets.token_urlsafe(32)
        self._open[_key(value)] = (token_id, self._clock() + SESSION_SECONDS)
        while len(self._open) > MOST_SESSIONS:
            self._open.popitem(last=False)
        return value

    def token_id(self, value: str) -> int | None:
        """Return the token that a cookie stands for; None when its session is over or never was."""
        found = self._open.get(_key(value))
        if found is None:
            return None
        token_id, until = found
        if self._clock() < until:
            return token_id
        self.close(value)
        return None

    def close(self, value: str) -> None:
        """End a session; one that is over already stays so."""
        self._open.pop(_key(value), None)


def _key(value: str) -> str:
    # Looked up by a digest, so that the time of the look-up tells nothing about the value.
    return hashlib.sha256(value.encode("utf-8")).hexdigest()
