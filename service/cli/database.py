"""`cambrian db`: what an operator does with the database by hand."""

from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.output import printable, say, table
from service.settings import Settings
from service.store.database import Database
from service.store.retention import old_jobs, remove
from service.store.schema import SchemaOlder

app = typer.Typer(help="Manage the database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Manage the database."""


@app.command()
def upgrade() -> None:
    """Bring the database to the schema of this release; the service does the same when it starts."""
    database = Database(Settings().database_url)
    try:
        database.upgrade()
    finally:
        database.close()
    say("the database is at the schema of this release")


@app.command()
def prune(
    older_than_days: Annotated[float, typer.Option(min=0, help="Remove jobs that ended longer ago than this.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
) -> None:
    """Remove jobs that ended long ago, with all that belongs to them; jobs that wait or run are never touched."""
    database = Database(Settings().database_url)
    try:
        database.check_schema()
        with database.read() as session:
            found = old_jobs(session, older_than_days)
        for job in found if not dry_run else ():
            remove(database, job)
    except SchemaOlder as error:
        say(str(error))
        raise typer.Exit(ExitCode.ERROR) from error
    finally:
        database.close()
    rows = [(job.id, job.status, f"{job.finished_at:%Y-%m-%d}", printable(job.name, 40)) for job in found]
    if rows:
        print("\n".join(table(("ID", "STATUS", "ENDED", "NAME"), rows)))
    say(f"{len(found)} jobs {'would be' if dry_run else 'were'} removed")
