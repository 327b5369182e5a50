"""How many files are received at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Depends, Request

from service.errors import TooManyUploads

UPLOADS_AT_ONCE: Final = 4
"""Each may keep a process busy and gigabytes in use while it is read."""


class UploadSlots:
    """Counts the uploads that are on their way; belongs to the event loop."""

    def __init__(self, count: int = UPLOADS_AT_ONCE) -> None:
        self._count = count
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold one slot. Raises TooManyUploads where all are held."""
        if self._taken >= self._count:
            raise TooManyUploads(f"{self._count} files are being received; no more are at once")
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


async def _upload_slots(request: Request) -> UploadSlots:
    slots: UploadSlots = request.app.state.upload_slots
    return slots


UploadSlotsOf = Annotated[UploadSlots, Depends(_upload_slots)]
