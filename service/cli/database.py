"""`cambrian db`: what an operator does with the database by hand."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.output import print_json, printable, say, table
from service.examination.files import ExaminationFiles
from service.settings import Settings
from service.store.backup import back_up, sqlite_problems
from service.store.backup import restore as put_back
from service.store.database import Database
from service.store.retention import old_jobs, remove
from service.store.schema import SchemaOlder
from service.store.soundness import Finding, findings

app = typer.Typer(help="Manage the database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Manage the database."""


@app.command()
def upgrade() -> None:
    """Bring the database to the schema of this release; the service does the same when it starts."""
    with closing(Database(Settings().database_url)) as database:
        database.upgrade()
    say("the database is at the schema of this release")


@app.command()
def prune(
    older_than_days: Annotated[float, typer.Option(min=0, help="Remove jobs that ended longer ago than this.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
) -> None:
    """Remove jobs that ended long ago, with all that belongs to them; jobs that wait or run are never touched."""
    settings = Settings()
    database = Database(settings.database_url)
    try:
        database.check_schema()
        with database.read() as session:
            found = old_jobs(session, older_than_days)
        for job in found if not dry_run else ():
            remove(database, job)
            ExaminationFiles(settings.data_dir).forget(job.id)
    except SchemaOlder as error:
        say(str(error))
        raise typer.Exit(ExitCode.ERROR) from error
    finally:
        database.close()
    rows = [(job.id, job.status, f"{job.finished_at:%Y-%m-%d}", printable(job.name, 40)) for job in found]
    if rows:
        print("\n".join(table(("ID", "STATUS", "ENDED", "NAME"), rows)))
    say(f"{len(found)} jobs {'would be' if dry_run else 'were'} removed")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Copy the database into a file while the service runs; PostgreSQL by pg_dump, in its custom format."""
    back_up(Settings().database_url, file, replace=force)
    say(f"{file}: {file.stat().st_size:,} bytes, checked")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that `cambrian db backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the database that is there; a copy is kept.")] = False,
) -> None:
    """Put a copy of a SQLite database back, and bring it to the schema of this release."""
    settings = Settings()
    kept = put_back(file, settings.database_url, replace=force)
    if kept is not None:
        say(f"the former database is kept in {kept}")
    with closing(Database(settings.database_url)) as database:
        database.upgrade()
    say("the database is restored")


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the database and that its rows agree with each other; exit code 1 if something is wrong."""
    with closing(Database(Settings().database_url)) as database:
        database.check_schema()
        found: list[Finding] = []
        if database.file is not None:
            problems = sqlite_problems(database.file)
            found.append(Finding("the file is whole", len(problems), tuple(problems[:3])))
        with database.read() as session:
            found += findings(session)
    if as_json:
        print_json([{"check": one.check, "broken": one.broken, "examples": list(one.examples)} for one in found])
    else:
        rows = [(one.check, "ok" if one.ok else f"{one.broken} BROKEN", ", ".join(one.examples)) for one in found]
        print("\n".join(table(("CHECK", "", "EXAMPLES"), rows)))
    if not all(one.ok for one in found):
        raise typer.Exit(ExitCode.ERROR)
