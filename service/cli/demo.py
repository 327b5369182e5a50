"""`cambrian demo`: the whole path on handwritten digits, from nothing to a verdict, in one command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from service.cli.exit_code import ExitCode
from service.cli.output import printable, say
from service.cli.serve import LISTENS
from service.cli.supervisor import STOP_SECONDS
from service.cli.verdict_text import verdict_lines
from service.cli.watching import follow
from service.client import Client, ServiceUnavailable
from service.runner.parent import PARENT_VARIABLE
from service.settings import Settings

START_SECONDS = 60.0
LOOK_SECONDS = 0.05

SPEC = {"dataset": "digits-16x16", "name": "Demo: handwritten digits", "budget": {"evaluations": 64}}


def demo(
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed: the same one finds the same network.")] = 0,
    evaluations: Annotated[int, typer.Option(min=1, max=100_000, help="How many networks the search may train.")] = 64,
) -> None:
    """Evolve a network for handwritten digits and say whether it was worth it; takes less than a minute."""
    began = time.monotonic()
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _service(settings.data_dir / "demo.log") as url, Client(url, token="") as client:
        job = client.submit(SPEC | {"seed": seed, "budget": {"evaluations": evaluations}})
        say(f"job {job['id']}: which network reads handwritten digits best? {evaluations} trainings, seed {seed}")
        status = follow(client, job["id"], began=began, way_back="cambrian serve")
        if status != "succeeded":
            if status == "cancelled":
                say("the job was cancelled")
                raise typer.Exit(ExitCode.JOB_CANCELLED)
            say(f"the job failed: {printable(client.get(job['id']).get('error'), 400)}")
            raise typer.Exit(ExitCode.JOB_FAILED)
        verdict = client.verdict(job["id"])
        saved = settings.data_dir / "networks" / f"{job['id']}.npz"
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.write_bytes(client.network(job["id"]))
    print("\n".join(verdict_lines(verdict)))
    print(f"\nThe network: {saved}")
    print("Browse this job and submit others: cambrian serve (in a clone: make serve)")
    say(f"{time.monotonic() - began:.1f} seconds in all")


@contextmanager
def _service(log: Path) -> Iterator[str]:
    """Run `cambrian serve` as a child process on a free port, and yield its address once it answers."""
    command = (sys.executable, "-P", "-m", "service.cli.main", "serve", "--host", "127.0.0.1", "--port", "0")
    with log.open("wb") as output:
        # Its own service on this machine, whatever is set for others.
        environment = os.environ | {PARENT_VARIABLE: str(os.getpid()), "CAMBRIAN_REQUIRE_TOKEN": "false"}
        process = subprocess.Popen(  # noqa: S603 - no input takes part in the command
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    # Asked to end, the demo takes its service along; killed, the service notices by itself.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(2 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(ExitCode.INTERRUPTED)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the service says where it listens; its log is where it says so."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith(LISTENS):
                return line.removeprefix(LISTENS).split()[0]
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        break
    raise ServiceUnavailable(f"the service did not start; its log is {log}")
