"""`cambrian token`: access tokens, made in the database itself, so that there can be one before the service runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from service.access.caller import SCOPES, Scope
from service.access.token import DEFAULT_DAYS, DEFAULT_SCOPES, MOST_DAYS, Token, digest_of, new_secret
from service.cli.exit_code import ExitCode
from service.cli.jobs import Json
from service.cli.output import print_json, printable, say, table
from service.settings import Settings
from service.store.database import Database
from service.store.entities import now
from service.store.token_repository import TokenRepository

LISTED = 1_000
OWNER_CHARACTERS = 200

app = typer.Typer(help="Make, list and revoke access tokens.", no_args_is_help=True)


@app.command()
def create(
    owner: Annotated[str, typer.Option(help="Whose jobs it opens; `local` are those of this machine's user.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "token",
    scope: Annotated[list[str] | None, typer.Option(help="read, submit or admin; may be given again.")] = None,
    expires_days: Annotated[str, typer.Option(help="Days for which it is valid, or never.")] = str(DEFAULT_DAYS),
) -> None:
    """Make a token and print it, this once, on stdout."""
    scopes = _scopes(scope)
    expires_at = _expiry(expires_days)
    for option, text in (("--owner", owner), ("--name", name)):
        if not text.strip() or not text.isprintable() or len(text) > OWNER_CHARACTERS:
            raise _usage(f"{option} must be 1 to {OWNER_CHARACTERS} visible characters of one line")
    secret = new_secret()
    with _database() as database, database.write() as session:
        token = TokenRepository(session).create(owner, name, scopes, digest_of(secret), expires_at)
    print(secret)
    until = "never expires" if expires_at is None else f"expires on {expires_at:%Y-%m-%d}"
    say(f"token {token.id} of {printable(owner)} may {', '.join(token.scopes)} and {until}; it is shown this once")
    say("keep it in ~/.config/cambrian/token with mode 0600, where the command line looks for it")


@app.command(name="list")
def list_tokens(as_json: Json = False) -> None:
    """List the tokens, newest first; the tokens themselves are stored nowhere."""
    with _database() as database, database.read() as session:
        found = TokenRepository(session).page(LISTED)
    if as_json:
        print_json([_as_json(token) for token in found])
        return
    rows = [
        (
            str(token.id),
            printable(token.owner, 40),
            printable(token.name, 40),
            ",".join(token.scopes),
            _state(token),
            _day(token.expires_at, "never"),
            _day(token.last_used_at, "-"),
        )
        for token in found
    ]
    print("\n".join(table(("ID", "OWNER", "NAME", "SCOPES", "STATE", "EXPIRES", "LAST USED"), rows)))
    if not rows:
        say("no tokens yet; make one with `cambrian token create --owner NAME`")


@app.command()
def revoke(token_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="Id of the token.")]) -> None:
    """End a token at once."""
    with _database() as database, database.write() as session:
        token = TokenRepository(session).revoke(token_id)
    say(f"token {token.id} of {printable(token.owner)} is revoked")


@contextmanager
def _database() -> Iterator[Database]:
    database = Database(Settings().database_url)
    try:
        database.upgrade()
        yield database
    finally:
        database.close()


def _scopes(given: list[str] | None) -> list[Scope]:
    if not given:
        return list(DEFAULT_SCOPES)
    unknown = sorted(set(given) - set(SCOPES))
    if unknown:
        raise _usage(f"--scope must be one of {', '.join(SCOPES)}, not {printable(unknown[0], 40)}")
    return [scope for scope in SCOPES if scope in given]


def _expiry(days: str) -> datetime | None:
    if days == "never":
        return None
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= MOST_DAYS):
        raise _usage(f"--expires-days must be 1 to {MOST_DAYS:,} or never")
    return now() + timedelta(days=int(days))


def _usage(message: str) -> typer.Exit:
    say(message)
    return typer.Exit(ExitCode.USAGE)


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.valid(now()) else "expired"


def _day(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else f"{moment:%Y-%m-%d}"


def _as_json(token: Token) -> dict[str, Any]:
    return {
        "id": str(token.id),
        "owner": token.owner,
        "name": token.name,
        "scopes": list(token.scopes),
        "state": _state(token),
        "created_at": token.created_at.isoformat(),
        "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
        "last_used_at": None if token.last_used_at is None else token.last_used_at.isoformat(),
    }
