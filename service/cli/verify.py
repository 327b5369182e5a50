"""`cambrian verify`: runs a job again from its record and compares every row."""

import platform
import socket
from dataclasses import asdict
from importlib.metadata import version
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
    from service.runner.verification import Different, NotComparable, trained_on  # noqa: PLC0415
    from service.runner.verification import verify as verify_rows  # noqa: PLC0415

    settings = Settings()
    line = ProgressLine()

    def show(phase: Phase, done: int, total: int) -> None:
        line.show(f"{PHASE_TITLES.get(phase, phase)}: {done}/{total} equal")

    database = Database(settings.database_url)
    try:
        database.check_schema()
        enter_own_directory(settings)
        warnings = _warnings(trained_on(database, job))
        for warning in warnings:
            say(warning)
        equal = verify_rows(database, settings, job, show)
    except Different as found:
        line.clear()
        one = found.difference
        _tell(as_json, job, {}, warnings, asdict(one))
        say(f"different: {one.phase} {one.number}: {one.field} is stored as {one.stored}, and came out as {one.again}")
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
    _tell(as_json, job, dict(equal), warnings, None)
    parts = ", ".join(f"{count} of phase {phase}" for phase, count in equal.items())
    say(f"job {job}: all {sum(equal.values())} rows are equal ({parts})")


def _tell(as_json: bool, job: str, equal: dict[Any, int], warnings: list[str], difference: Any) -> None:
    if as_json:
        print_json(
            {"job": job, "equal": difference is None, "rows": equal, "difference": difference, "warnings": warnings}
        )


def _warnings(machines: set[str]) -> list[str]:
    """Say what may make bits differ without a fault: the record names the machines, not their processors."""
    here = socket.gethostname()
    others = sorted(machines - {here})
    if not others:
        return []
    return [
        f"trained on {', '.join(others)}, compared on {here} ({platform.machine()}, numpy {version('numpy')}): the "
        "same bits are promised for the same kind of processor and the same package versions only"
    ]
