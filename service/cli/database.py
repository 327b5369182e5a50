"""`cambrian db`: what an operator does with the database by hand."""

import typer

from service.cli.output import say
from service.settings import Settings
from service.store.database import Database

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
