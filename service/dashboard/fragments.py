"""Parts of pages that are asked for by everybody who watches: made once for each state of what they show."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from service.api.etags import matches

MOST: Final = 256
"""Parts that are kept; a part is some kilobytes."""


@dataclass(slots=True)
class _Entry:
    text: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Fragments:
    """The parts that were asked for last, by a key that holds all that they depend on; for several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[tuple[object, ...], _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        """Return the part of a key; of several who ask for a new one at once, one makes it and the others wait."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.text is None:
                entry.text = make()
            return entry.text


async def _fragments(request: Request) -> Fragments:
    fragments: Fragments = request.app.state.fragments
    return fragments


FragmentsOf = Annotated[Fragments, Depends(_fragments)]


def part(text: str, if_none_match: str | None) -> Response:
    """Answer with a part of a page and its tag, or with 304 where the page has it."""
    etag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if if_none_match is not None and matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)
