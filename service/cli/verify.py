"""`cambrian verify`: runs a job again from its record and compares every row."""

import socket
from dataclasses import asdict
from typing import Any

import typer

from evolution.errors import EvaluatorUnavailable
from service.cli.exit_code import ExitCode
from service.cli.jobs import JobId, Json
from service.cli.output import ProgressLine, print_json, say
from service.cli.watching import PHASE_TITLES
from service.settings import Settings
from service.store.database import Database
from service.store.entities import Phase
from service.store.schema import SchemaOlder


def verify(job: JobId, as_json: Json = False) -> None:
    """Run a finished job again, here and without writing anything, and compare every row.

    It reads the database that the settings name, and trains as they say. Exit codes: 0 every row is equal, 7 one
    differs, 8 the job cannot be run again here.
    """
    # The runner's parts load DEAP and, where the settings want it, Ray; no other command needs them.
    from service.runner.directory import enter_own_directory  # noqa: PLC0415 - see above
    from service.runner.verification import Different, NotComparable, changes_since, stored_digest, trained_on  # noqa: PLC0415
    from service.runner.verification import verify as verify_rows  # noqa: PLC0415

    settings = Settings()
    line = ProgressLine()

    def show(phase: Phase, done: int, total: int) -> None:
        line.show(f"{PHASE_TITLES.get(phase, phase)}: {done}/{total} equal")

    database = Database(settings.database_url)
    try:
        database.check_schema()
        enter_own_directory(settings)
        changes = changes_since(database, settings, job)
        warnings = _warnings(trained_on(database, job), changes)
        for warning in warnings:
            say(warning)
        equal = verify_rows(database, settings, job, show)
        digest = stored_digest(database, job)
    except Different as found:
        line.clear()
        one = found.difference
        _tell(as_json, job, {}, warnings, asdict(one), None)
        say(f"different: {one.phase} {one.number}: {one.field} is stored as {one.stored}, and came out as {one.again}")
        if changes:
            say(f"the probable reason: {'; '.join(changes)}")
        raise typer.Exit(ExitCode.DIFFERENT) from found
    except NotComparable as reason:
        say(f"job {job} cannot be compared: {reason}")
        raise typer.Exit(ExitCode.NOT_COMPARABLE) from reason
    except (SchemaOlder, EvaluatorUnavailable) as error:
        say(str(error))
        raise typer.Exit(ExitCode.ERROR) from error
    finally:
        line.clear()
        database.close()
    _tell(as_json, job, dict(equal), warnings, None, digest.sha256)
    parts = ", ".join(f"{count} of phase {phase}" for phase, count in equal.items())
    say(f"job {job}: all {sum(equal.values())} rows are equal ({parts}); SHA-256 {digest.sha256}")


def _tell(
    as_json: bool, job: str, equal: dict[Any, int], warnings: list[str], difference: Any, sha256: str | None
) -> None:
    if as_json:
        print_json(
            {
                "job": job,
                "equal": difference is None,
                "rows": equal,
                "rows_sha256": sha256,
                "difference": difference,
                "warnings": warnings,
            }
        )


def _warnings(machines: set[str], changes: list[str]) -> list[str]:
    """Say what may make bits differ without a fault."""
    here = socket.gethostname()
    others = sorted(machines - {here})
    found = []
    if others:
        found.append(
            f"trained on {', '.join(others)}, compared on {here}: the same bits are promised for the same kind of "
            "processor and the same package versions only"
        )
    if changes:
        found.append(f"the record names other versions or another processor: {'; '.join(changes)}")
    return found
