"""`cambrian serve` and `cambrian runner`: the two processes of the service."""

import signal
import socket
from contextlib import closing
from threading import Event, Thread
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn

from service.access.exposure import LOOPBACK_NAMES, NoToken, is_loopback, known_hosts, require_token_to_start
from service.cli.exit_code import ExitCode
from service.cli.output import say
from service.cli.supervisor import Supervisor, become_runner
from service.logs import configure_logging
from service.runner.parent import watch_parent
from service.settings import Settings
from service.store.database import Database
from service.store.lease import RunnerIdentity
from service.store.runner_repository import RunnerRepository

LISTENS = "Cambrian listens on "


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; any but loopback asks for tokens.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    runner: Annotated[bool, typer.Option(help="Start a runner as well, which executes the jobs.")] = True,
) -> None:
    """Start the service: the API, its pages, and a runner that executes the jobs."""
    given: dict[str, Any] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = Settings(**given)
    configure_logging(settings.log_level, settings.log_format)
    _require_token(settings)
    with Supervisor(wanted=runner) as supervisor:
        # Imported only now: the runner is on its way, and the two start side by side.
        from service.app import create_app  # noqa: PLC0415 - see above
        from service.server import Server  # noqa: PLC0415 - see above

        class AnnouncingServer(Server):
            """Says where it listens as soon as it does."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    say(f"{LISTENS}{self.url} (Ctrl-C ends it)")

            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                # Both end at the same time, so that together they take no longer than the slower one.
                supervisor.stop()
                await super().shutdown(sockets)

        server = AnnouncingServer(create_app(settings), settings)
        Thread(target=_end_with_parent, args=(server,), name="parent", daemon=True).start()

        def stop(_number: int, _frame: FrameType | None) -> None:
            # uvicorn raises the signal again when it has shut down, and the runner must still be ended after that.
            if not server.started:
                raise SystemExit(ExitCode.INTERRUPTED)
            if server.force_exit or supervisor.leaving:
                supervisor.kill()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        server.run()
    if not server.started:
        raise typer.Exit(ExitCode.ERROR)


def _require_token(settings: Settings) -> None:
    """Leave, before anything is started, where the network could reach the service and nobody could use it."""
    if is_loopback(settings.host):
        return
    if known_hosts(settings.host, settings.allowed_hosts) == LOOPBACK_NAMES:
        say("CAMBRIAN_ALLOWED_HOSTS names no host: requests must call the service by a name of the loopback address")
    database = Database(settings.database_url)
    try:
        database.upgrade()
        require_token_to_start(database, settings.host)
    except NoToken as error:
        say(str(error))
        raise typer.Exit(ExitCode.ERROR) from error
    finally:
        database.close()


def _end_with_parent(server: uvicorn.Server) -> None:
    gone = Event()
    watch_parent(gone)
    gone.wait()
    server.should_exit = True


def runner(
    check: Annotated[
        bool, typer.Option("--check", help="Start nothing; exit code 0 if a runner of this machine is alive.")
    ] = False,
) -> None:
    """Start one more runner: it claims jobs from the database and executes them until it is stopped."""
    settings = Settings()  # what is wrong with them is better said here than in the log of another process
    if check:
        with closing(Database(settings.database_url)) as database, database.read() as session:
            here = [row for row in RunnerRepository(session).alive() if RunnerIdentity.parse(row.id).is_here()]
        say(f"runners alive on this machine: {len(here)}")
        raise typer.Exit(ExitCode.DONE if here else ExitCode.ERROR)
    become_runner()
