"""`cambrian pause | resume | clone | label | note | archive | delete`: what is done with a job as a whole."""

import json
import sys
from typing import Annotated, Any

import typer

from service.cli.exit_code import ExitCode
from service.cli.jobs import JobId, Json, Url
from service.cli.output import print_json, say
from service.client import DEFAULT_URL, Client, types


def pause(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Have a job stand still; what is trained is stored, and `cambrian resume` goes on from there."""
    with Client(url) as client:
        answer = client.pause(job)
    _tell(answer, as_json, "is paused" if answer["status"] == "paused" else "will pause within seconds")


def resume(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Let a paused job go on, to the same winner that it would have found without the pause."""
    with Client(url) as client:
        answer = client.resume(job)
    _tell(answer, as_json, "runs" if answer["status"] == "running" else "waits for a runner")


def clone(
    job: JobId,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="A field of the spec, e.g. seed=8 or budget.evaluations=128."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the id alone.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Submit a job again, with changes; VALUE is JSON or plain text, and null takes a field back to its default."""
    patch: dict[str, Any] = {}
    for change in changes or ():
        _put(patch, change)
    with Client(url) as client:
        answer = client.clone(job, patch)
    if as_json:
        print_json(answer)
        return
    print(answer["id"])
    if not quiet:
        say(f"follow it with `cambrian watch {answer['id']}`")


def label(
    job: JobId,
    labels: Annotated[list[str] | None, typer.Argument(metavar="[LABEL]...", help="Labels to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A label to take away.")] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Add labels to a job, or take some away; without either, show them."""
    with Client(url) as client:
        answer = client.get(job)
        before = answer["labels"]
        after = [one for one in dict.fromkeys([*before, *(labels or ())]) if one not in (remove or ())]
        if after != before:
            answer = client.change(job, {"labels": after})
    if as_json:
        print_json(answer)
    else:
        print("\n".join(answer["labels"]))


def note(
    job: JobId,
    text: Annotated[str | None, typer.Argument(help="The notes; - reads stdin.")] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Write the notes of a job anew; without a text, show them."""
    with Client(url) as client:
        if text is None:
            answer = client.get(job)
        else:
            answer = client.change(job, {"notes": sys.stdin.read() if text == "-" else text})
    if as_json:
        print_json(answer)
    elif text is None:
        # Prose of its owner: kept as it is but for what could steer a terminal.
        print("".join(one for one in answer["notes"] if one.isprintable() or one in "\n\t"))
    else:
        say(f"job {job}: its notes have {len(answer['notes']):,} characters")


def archive(
    job: JobId,
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the archive.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Put a job into the archive: lists leave it out (`cambrian jobs --archived all` shows it)."""
    with Client(url) as client:
        answer = client.change(job, {"archived": not undo})
    _tell(answer, as_json, "is archived" if answer["archived"] else "is out of the archive")


def delete(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Delete a job that does not run, with all its rows, for good."""
    with Client(url) as client:
        client.delete(job)
    if as_json:
        print_json({"id": job, "deleted": True})
    else:
        say(f"job {job}: deleted")


def _tell(job: types.Job, as_json: bool, state: str) -> None:
    if as_json:
        print_json(job)
    else:
        say(f"job {job['id']} {state}")


def _put(patch: dict[str, Any], change: str) -> None:
    """Put one FIELD=VALUE into a merge patch."""
    path, separator, text = change.partition("=")
    names = path.split(".")
    if not separator or not all(names):
        say(f"--set takes FIELD=VALUE, such as budget.evaluations=128; got {change[:80]!r}")
        raise typer.Exit(ExitCode.USAGE)
    for name in names[:-1]:
        inner = patch.setdefault(name, {})
        if not isinstance(inner, dict):
            say(f"--set {path[:80]}: {name[:80]} is set to a value already")
            raise typer.Exit(ExitCode.USAGE)
        patch = inner
    try:
        patch[names[-1]] = json.loads(text)
    except ValueError:
        patch[names[-1]] = text
