"""Takes one file in on the event loop: what blocks happens in threads, and memory holds a megabyte of it at most."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import BinaryIO, Final, TypeVar

from fastapi import Request

from service.api.upload_head import refused
from service.data.description import ReadOptions
from service.data.errors import InvalidFile
from service.data.file_store import IncomingFile
from service.dataset_intake import DatasetIntake
from service.errors import DigestMismatch, FieldError, PayloadTooLarge
from service.store.entities import UploadedDataset

BLOCK_BYTES: Final = 1_000_000

Result = TypeVar("Result")


class Receiving:
    """The way of one file from a request into the store of data sets."""

    def __init__(self, intake: DatasetIntake, incoming: IncomingFile) -> None:
        self._intake = intake
        self._incoming = incoming

    async def read(self, request: Request) -> None:
        """Write the body of a request to the file. Raises PayloadTooLarge and StorageFull."""
        block = bytearray()
        async for chunk in request.stream():
            block += chunk
            if len(block) >= BLOCK_BYTES:
                await self._write(bytes(block))
                block.clear()
        await self._write(bytes(block))

    async def copy(self, file: BinaryIO) -> None:
        """Write an open file of a form to the file. Raises PayloadTooLarge and StorageFull."""
        while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
            await self._write(block)

    def require_digests(self, expected: Mapping[str, bytes | None]) -> None:
        """Raise DigestMismatch unless what came has the digests that the headers name."""
        for header, digest in expected.items():
            if digest is not None and digest.hex() != self._incoming.sha256:
                detail = f"names another SHA-256 than that of the {self._incoming.size:,} bytes that came"
                raise DigestMismatch(f"{header} {detail}", errors=[FieldError(header, detail)])

    async def accept(
        self, owner: str, name: str, title: str, options: ReadOptions, pointer: str
    ) -> tuple[UploadedDataset, bool]:
        """Make a data set of the whole file; the answer also says whether it is a new one.

        `pointer` leads to the options of the request. Raises what `DatasetIntake.accept` does, but InvalidFile as an
        answer.
        """
        try:
            return await _detached(lambda: self._intake.accept(owner, name, title, options, self._incoming))
        except InvalidFile as error:
            raise refused(error, pointer) from None

    async def _write(self, block: bytes) -> None:
        if self._incoming.size + len(block) > self._intake.max_bytes:
            raise PayloadTooLarge(f"the file is larger than {self._intake.max_bytes:,} bytes")
        if block:
            await asyncio.to_thread(self._incoming.write, block)


async def _detached(work: Callable[[], Result]) -> Result:
    """Do `work`, which may take minutes, in a thread of its own, which does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def give(result: Result | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type] # without an error there is a result

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
            failure = error
        # The loop may be gone: then nobody waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(give, result, failure)

    threading.Thread(target=run, name="upload", daemon=True).start()
    return await done
