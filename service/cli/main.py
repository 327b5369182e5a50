"""The `cambrian` command: one group of subcommands per file, one place where every error becomes a sentence."""

import os
import sys
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError

from service.cli import (
    budget,
    database,
    datasets,
    demo,
    doctor,
    job_actions,
    jobs,
    models,
    priority,
    record,
    report,
    serve,
    token,
    verify,
    what_if,
)
from service.cli.exit_code import ExitCode
from service.cli.output import say
from service.client import ProblemError, ServiceUnavailable
from service.client.token import TOKEN, TOKEN_FILE, default_token_file
from service.errors import CambrianError, SchemaNewer
from service.secret_file import SecretUnreadable
from service.store.backup import BackupFailed
from service.store.schema import SchemaOlder

HELP = """
Evolve the structure of neural networks, and say honestly whether it was worth it.

\b
Examples:
  cambrian demo                            the whole path on handwritten digits
  cambrian serve                           the service and its pages on 127.0.0.1
  cambrian submit digits-16x16 --watch     a search of your own
  cambrian data upload FILE.csv            data of your own, to search on
  cambrian jobs                            every job with its state and best score
  cambrian network JOB                     download the network that a job found
  cambrian model list                      what was found: for ONNX, for NumPy alone, to predict with
  cambrian report JOB                      all that is known of a job, as one file for any browser
  cambrian record JOB                      versions, processor and hashes, to repeat a job
  cambrian pause JOB                       let it stand still; `cambrian resume JOB` lets it go on
  cambrian clone JOB --set seed=8          submit it again with changes
  cambrian budget JOB --evaluations 128    let a search go on for longer
  cambrian priority JOB 5                  let a job that waits begin before your others
  cambrian verify JOB                      run a job again and compare every row
  cambrian what-if JOB --evaluations 20    what a smaller budget would have found
  cambrian token create --owner ada        let somebody in from another machine

\b
Exit codes:
  0 done    1 unexpected error    2 wrong usage    3 the service cannot be reached    4 the service refused
  5 the job failed    6 the job was cancelled    130 interrupted (a job lives on: cambrian watch JOB)
  7 verify found a difference    8 verify cannot run that job again here
"""

app = typer.Typer(
    name="cambrian",
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(serve.runner)
app.command()(jobs.submit)
app.command()(jobs.watch)
app.command()(jobs.wait)
app.command(name="jobs")(jobs.list_jobs)
app.command()(jobs.show)
app.command()(budget.budget)
app.command()(job_actions.pause)
app.command()(job_actions.resume)
# Otherwise a negative number would be taken for an option.
app.command(context_settings={"ignore_unknown_options": True})(priority.priority)
app.command()(jobs.cancel)
app.command()(job_actions.clone)
app.command()(job_actions.label)
app.command()(job_actions.note)
app.command()(job_actions.archive)
app.command()(job_actions.delete)
app.command()(jobs.network)
app.add_typer(models.app, name="model")
app.command()(record.record)
app.command()(report.report)
app.command()(verify.verify)
app.command(name="what-if")(what_if.what_if)
app.add_typer(datasets.app, name="data")
app.add_typer(token.app, name="token")
app.add_typer(database.app, name="db")
app.command()(doctor.doctor)


@app.callback()
def options(
    token_file: Annotated[Path | None, typer.Option(help="File with the token for the service.")] = None,
) -> None:
    """Take the options that stand before a command."""
    if token_file is not None:
        # Every client of this process looks there; a flag wins over the environment.
        os.environ.pop(TOKEN, None)
        os.environ[TOKEN_FILE] = str(token_file)


@app.command(name="help", hidden=True)
def show_help(context: typer.Context) -> None:
    """Show this help."""
    typer.echo(context.parent.get_help() if context.parent else "")


def run() -> None:
    """Run the command line and leave with one of the documented exit codes; never with a traceback."""
    try:
        app()
    except ProblemError as problem:
        say(str(problem))
        if problem.status == httpx.codes.UNAUTHORIZED:
            kept = default_token_file(os.environ)
            say(f"a token is looked for in {TOKEN}, in the file of --token-file or {TOKEN_FILE}, and in {kept}")
        sys.exit(ExitCode.REFUSED)
    except ServiceUnavailable as error:
        say(str(error))
        sys.exit(ExitCode.UNREACHABLE)
    except httpx.HTTPError as error:
        say(f"the service broke the connection ({type(error).__name__}); try again")
        sys.exit(ExitCode.UNREACHABLE)
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            what = f"setting CAMBRIAN_{name}" if name else "settings"
            say(f"{what}: {fault['msg'].removeprefix('Value error, ')}")
        sys.exit(ExitCode.USAGE)
    except SecretUnreadable as error:
        say(str(error))
        sys.exit(ExitCode.USAGE)
    except (CambrianError, SchemaNewer, SchemaOlder, BackupFailed, OSError) as error:
        say(str(error))
        sys.exit(ExitCode.ERROR)
    except Exception as error:
        if os.environ.get("CAMBRIAN_LOG_LEVEL", "").lower() == "debug":
            raise
        say(f"unexpected error: {type(error).__name__}: {error}. CAMBRIAN_LOG_LEVEL=debug shows where it happened.")
        sys.exit(ExitCode.ERROR)


if __name__ == "__main__":
    run()
