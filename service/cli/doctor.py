"""`cambrian doctor`: what this machine has, and what is in the way."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.output import print_json, table
from service.data.built_in import BUILT_IN
from service.errors import DatabaseUnavailable, SchemaNewer
from service.readiness import concerns
from service.settings import Settings
from service.store.database import Database

PACKAGES = ("numpy", "deap", "ray", "fastapi", "uvicorn", "sqlalchemy")
MODULES = {"mlxtend": "mlxtend", "numpy": "numpy", "scikit-learn": "sklearn"}
LEAST_FREE_BYTES = 500_000_000

Finding = tuple[str, bool, str]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check this machine: versions, data directory, database, built-in data sets; exit code 1 if something is wrong."""
    settings = Settings()
    checks: tuple[Callable[[Settings], list[Finding]], ...] = (_versions, _directory, _database, _datasets)
    findings = [finding for check in checks for finding in check(settings)]
    if as_json:
        print_json([{"check": name, "ok": ok, "detail": detail} for name, ok, detail in findings])
    else:
        print("\n".join(table(("CHECK", "", "DETAIL"), [(n, "ok" if ok else "PROBLEM", d) for n, ok, d in findings])))
    if not all(ok for _, ok, _ in findings):
        raise typer.Exit(ExitCode.ERROR)


def _versions(_settings: Settings) -> list[Finding]:
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    return [
        ("cambrian", True, importlib.metadata.version("cambrian")),
        ("python", True, f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"),
        ("packages", True, versions),
    ]


def _directory(settings: Settings) -> list[Finding]:
    directory = settings.data_dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(directory).free
    except OSError as error:
        return [("data directory", False, f"{directory}: {error.strerror}; name another one in CAMBRIAN_DATA_DIR")]
    writable = os.access(directory, os.W_OK)
    detail = f"{directory}, {free / 1e9:.1f} GB free" if writable else f"{directory} cannot be written"
    return [("data directory", writable and free >= LEAST_FREE_BYTES, detail)]


def _database(settings: Settings) -> list[Finding]:
    try:
        database = Database(settings.database_url)
    except (OSError, ValueError) as error:
        return [("database", False, str(error))]
    try:
        database.upgrade()
        found = concerns(database, settings.data_dir)
    except (DatabaseUnavailable, SchemaNewer) as error:
        return [("database", False, f"{database.description}: {error}")]
    finally:
        database.close()
    return [
        ("database", True, database.description),
        # What is only a warning there is one here: it does not make the exit code 1.
        *((one.check, not one.serious, f"{'problem' if one.serious else 'warning'}: {one.detail}") for one in found),
    ]


def _datasets(_settings: Settings) -> list[Finding]:
    return [
        (f"data set {built_in.name}", True, built_in.source)
        if importlib.util.find_spec(MODULES[built_in.package])
        else (f"data set {built_in.name}", False, f"needs {built_in.package}; install cambrian[data]")
        for built_in in BUILT_IN.values()
    ]
