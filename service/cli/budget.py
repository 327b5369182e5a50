"""`cambrian budget`: gives a job a larger budget while its search runs."""

from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.jobs import JobId, Json, Url
from service.cli.output import print_json, say
from service.client import DEFAULT_URL, Client


def budget(
    job: JobId,
    evaluations: Annotated[int | None, typer.Option(help="How many networks the search may train in all.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How many epochs in all, where the job counts in epochs.")] = None,
    max_seconds: Annotated[int | None, typer.Option(help="Seconds after which it begins no other one.")] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Raise the budget of a job; its search goes on as if it had been asked for so much from the start."""
    given = {"evaluations": evaluations, "epochs": epochs, "max_seconds": max_seconds}
    change = {name: value for name, value in given.items() if value is not None}
    if not change:
        say("say how much: --evaluations, --epochs or --max-seconds")
        raise typer.Exit(ExitCode.USAGE)
    with Client(url) as client:
        answer = client.raise_budget(job, **change)
    if as_json:
        print_json(answer)
    else:
        now = [f"{value:,} {name.replace('_', ' ')}" for name, value in answer["spec"]["budget"].items() if value]
        say(f"job {job}: the budget is now {', '.join(now)}")
