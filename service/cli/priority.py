"""`cambrian priority`: moves a job that waits."""

from typing import Annotated

import typer

from service.cli.jobs import JobId, Json, Url
from service.cli.output import print_json, say
from service.client import DEFAULT_URL, Client


def priority(
    job: JobId,
    number: Annotated[int, typer.Argument(metavar="N", help="-10 to 10; higher ones begin first.")],
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Change the priority of a job that waits, among your own: -10 to 10, higher ones begin first."""
    with Client(url) as client:
        answer = client.set_priority(job, number)
    if as_json:
        print_json(answer)
    else:
        say(f"job {job}: the priority is now {answer['priority']}")
