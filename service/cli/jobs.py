"""`cambrian submit | watch | wait | jobs | show | cancel | network`: a client of the REST interface, no more."""

import json
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.exit_code import ExitCode
from service.cli.output import print_json, printable, say, table
from service.cli.plan_text import plan_lines
from service.cli.score_text import score_text
from service.cli.verdict_text import verdict_lines
from service.cli.watching import follow
from service.client import DEFAULT_URL, Client, types

Url = Annotated[str, typer.Option("--url", envvar="CAMBRIAN_URL", help="Address of the service.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


def submit(
    dataset: Annotated[str | None, typer.Argument(help="Data set to search on, e.g. digits-16x16.")] = None,
    spec: Annotated[Path | None, typer.Option(help="JSON file with the whole job spec; - reads stdin.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the job.")] = None,
    strategy: Annotated[str | None, typer.Option(help="evolution, nsga2, regularized or random.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="How many networks the search may train.")] = None,
    max_seconds: Annotated[int | None, typer.Option(help="Seconds after which it begins no other one.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each training.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed: the same one finds the same network.")] = None,
    parallelism: Annotated[int | None, typer.Option(help="Virtual workers; 2 to 3 times the real ones.")] = None,
    priority: Annotated[int | None, typer.Option(help="-10 to 10; of your jobs, higher ones begin first.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the job to its verdict.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what it would come to; submit nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the id alone.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Submit a search."""
    body = _spec(spec)
    if dataset is not None:
        body["dataset"] = dataset
    if "dataset" not in body:
        say("name a data set (`cambrian submit digits-16x16`) or a job spec (--spec FILE)")
        raise typer.Exit(ExitCode.USAGE)
    for field, value in (
        ("name", name),
        ("strategy", strategy),
        ("seed", seed),
        ("parallelism", parallelism),
        ("priority", priority),
    ):
        if value is not None:
            body[field] = value
    for group, field, value in (
        ("budget", "evaluations", evaluations),
        ("budget", "max_seconds", max_seconds),
        ("training", "epochs", epochs),
    ):
        given = body.get(group, {})
        # Whatever else stands there is for the service to refuse.
        if value is not None and isinstance(given, dict):
            body[group] = {**given, field: value}
    with Client(url) as client:
        if dry_run:
            plan = client.plan(body)
            if as_json:
                print_json(plan)
            else:
                print("\n".join(plan_lines(plan)))
            return
        job = client.submit(body)
        if as_json and not watch:
            print_json(job)
        elif quiet or not watch:
            print(job["id"])
            if not quiet:
                say(f"follow it with `cambrian watch {job['id']}`")
        if watch:
            say(f"job {job['id']}")
            _watch(client, job["id"], as_json=as_json)


def wait(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Wait until a job has ended, without a word; the exit code says how: 0 done, 5 it failed, 6 it was cancelled."""
    with Client(url) as client:
        found = client.wait(job)
    if as_json:
        print_json(found)
    require_success(found)


def watch(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Follow a job to its end and print the verdict."""
    with Client(url) as client:
        _watch(client, job, as_json=as_json)


def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs of this status, or of several: queued,running.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only jobs on this data set.")] = None,
    label: Annotated[str | None, typer.Option(help="Only jobs with this label.")] = None,
    name: Annotated[str | None, typer.Option(help="Only jobs with this text in their name.")] = None,
    archived: Annotated[str | None, typer.Option(help="false (the default), true or all.")] = None,
    created_after: Annotated[str | None, typer.Option(help="Only later ones than 2026-01-31T12:00:00Z.")] = None,
    created_before: Annotated[str | None, typer.Option(help="Only earlier ones.")] = None,
    sort: Annotated[str | None, typer.Option(help="newest (the default), oldest, name or best_score.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the jobs, newest first."""
    filters = {
        "status": status,
        "dataset": dataset,
        "label": label,
        "name": name,
        "archived": archived,
        "created_after": created_after,
        "created_before": created_before,
        "sort": sort,
    }
    with Client(url) as client:
        found = list(islice(client.jobs(**filters), limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (job["id"], job["status"], job["dataset"], _score(job), job["created_at"], printable(job["name"], 40))
        for job in found
    ]
    print("\n".join(table(("ID", "STATUS", "DATA SET", "BEST", "CREATED", "NAME"), rows)))
    if not rows:
        some = any(value is not None for value in filters.values())
        say("no job is like that" if some else "no jobs yet; submit one with `cambrian submit digits-16x16`")


def show(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Show one job: its state, its best network and, at the end, its verdict."""
    with Client(url) as client:
        found = client.get(job)
        verdict = client.verdict(job) if found["status"] == "succeeded" else None
    if as_json:
        print_json({"job": found, "verdict": verdict})
        return
    for field in ("id", "name", "status", "dataset", "created_at", "finished_at", "stop_reason", "error"):
        if found.get(field) is not None:
            print(f"{field.replace('_', ' '):12} {printable(found[field], 200)}")
    print(f"{'best score':12} {_score(found)}")
    for line in verdict_lines(verdict) if verdict else ():
        print(line)


def cancel(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Cancel a job; what it has found so far stays."""
    with Client(url) as client:
        answer = client.cancel(job)
    if as_json:
        print_json(answer)
    else:
        say(f"job {job}: {'cancelled' if answer['status'] == 'cancelled' else 'will stop within seconds'}")


def network(
    job: JobId,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Download the network that a job found, as an .npz file."""
    path = output if output is not None else Path(f"cambrian-{job}.npz")
    with Client(url) as client:
        path.write_bytes(client.network(job))
    print(path)


def _spec(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        body = json.loads(text)
    except (OSError, ValueError) as error:
        say(f"--spec {path}: {error}")
        raise typer.Exit(ExitCode.USAGE) from error
    if not isinstance(body, dict):
        say(f"--spec {path}: must hold one JSON object")
        raise typer.Exit(ExitCode.USAGE)
    return body


def _watch(client: Client, job: str, *, as_json: bool) -> None:
    status = follow(client, job)
    if status == "succeeded":
        verdict = client.verdict(job)
        if as_json:
            print_json(verdict)
        else:
            print("\n".join(verdict_lines(verdict)))
            say(f"download the network with `cambrian network {job}`")
        return
    found = client.get(job)
    if as_json:
        print_json(found)
    require_success(found)


def require_success(job: Mapping[str, Any]) -> None:
    """Leave with the exit code of a job that has ended otherwise, and say how it has."""
    if job["status"] == "cancelled":
        say(f"job {job['id']} was cancelled")
        raise typer.Exit(ExitCode.JOB_CANCELLED)
    if job["status"] == "failed":
        say(f"job {job['id']} failed: {printable(job.get('error'), 400)}")
        raise typer.Exit(ExitCode.JOB_FAILED)


def _score(job: types.Job | types.JobLine) -> str:
    """Return the best fitness of the job's own search, as text."""
    for phase in job["progress"]:
        if phase["phase"] == "search" and phase["best_fitness"] is not None:
            return score_text(job, phase["best_fitness"])
    return "-"
