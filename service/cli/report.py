"""`cambrian report`: all that is known of a job, as one file to be read, kept or computed with."""

import os
import sys
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.jobs import JobId, Json, Url
from service.cli.output import say
from service.client import DEFAULT_URL, Client


class Format(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def report(
    job: JobId,
    format: Annotated[  # noqa: A002 - the word of the API
        Format | None, typer.Option("--format", "-f", help="html (the default), markdown or json.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; - is stdout, as it is by default but for html."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Write the report of a job; html is one file that needs no network, cambrian-JOB.html unless told otherwise."""
    if as_json and format not in {None, Format.JSON}:
        say("--json asks for another format than --format does; leave one of them out")
        raise typer.Exit(ExitCode.USAGE)
    chosen = Format.JSON if as_json else format or Format.HTML
    path = _path(job, chosen, output)
    if path is not None and not force and path.exists():
        say(f"{path} exists; --force replaces it")
        raise typer.Exit(ExitCode.USAGE)
    with Client(url) as client:
        content = client.report(job, chosen.value)
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        write_whole(path, content, force=force)
    except FileExistsError as error:
        say(f"{path} exists; --force replaces it")
        raise typer.Exit(ExitCode.USAGE) from error
    print(path)


def write_whole(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file that is there as a whole or not at all. Raises FileExistsError unless `force`, and OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # As an ordinary new file would be; a temporary one is its owner's alone.
        os.chmod(name, 0o666 & ~_umask())
        if force:
            os.replace(name, path)
        else:
            # A rename would replace a file that came meanwhile; a link does not.
            os.link(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _path(job: str, chosen: Format, output: Path | None) -> Path | None:
    """Return the file to write; None for stdout."""
    if output is None:
        # An id that is none will be refused; it must not name a place elsewhere meanwhile.
        return Path(f"cambrian-{Path(job).name}.html") if chosen is Format.HTML else None
    return None if str(output) == "-" else output
