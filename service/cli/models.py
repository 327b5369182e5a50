"""`cambrian model list | show | download | predict`: what a job found, and what it answers."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from service.cli.exit_code import ExitCode
from service.cli.jobs import Json, Url
from service.cli.output import print_json, printable, say, table
from service.cli.row_file import InvalidRows, batches, read_rows
from service.client import DEFAULT_URL, Client

app = typer.Typer(no_args_is_help=True, help="Models: list, show, download, predict.", rich_markup_mode=None)

ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="Id of the model.")]

_EXTENSIONS: Final = {"onnx": "onnx", "snippet": "py", "npz": "npz"}
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What a model can be written as."""

    ONNX = "onnx"
    SNIPPET = "snippet"
    NPZ = "npz"


@app.command(name="list")
def list_models(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the models, newest first."""
    with Client(url) as client:
        found = list(islice(client.models(), limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            model["id"],
            model["dataset"],
            _score(model["test"]),
            f"{model['parameters']:,}",
            " ".join(model["downloads"]),
            printable(model["job_name"], 40),
        )
        for model in found
    ]
    print("\n".join(table(("ID", "DATA SET", "TEST SCORE", "PARAMETERS", "DOWNLOADS", "JOB"), rows)))
    if not rows:
        say("no models yet; a job that succeeds leaves one")


@app.command()
def show(model: ModelId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Show one model: where it comes from, how good it is, and what is proven of its downloads."""
    with Client(url) as client:
        found = client.model(model)
    if as_json:
        print_json(found)
        return
    for field in ("id", "job_id", "job_name", "dataset", "description", "parameters", "created_at", "sha256"):
        print(f"{field.replace('_', ' '):12} {printable(found[field], 200)}")
    print(f"{'test score':12} {_score(found['test'])}")
    print(f"{'input':12} {' x '.join(map(str, found['input']['shape']))} numbers")
    if found["input"]["columns"] is not None:
        print(f"{'columns':12} {printable(', '.join(found['input']['columns']), 200)}")
    print(f"{'classes':12} {printable(', '.join(found['classes'] or ()), 200)}")
    rows = [
        (
            file["format"],
            file["status"].replace("_", " "),
            "-" if file["bytes"] is None else f"{file['bytes']:,}",
            "-" if file["largest_difference"] is None else f"{file['largest_difference']:.1e}",
            file["sha256"] or "-",
        )
        for file in found["files"]
    ]
    print("\n".join(table(("FORMAT", "STATUS", "BYTES", "DIFFERENCE", "SHA-256"), rows)))
    for file in found["files"]:
        if file["reason"] is not None:
            say(f"{file['format']}: {printable(file['reason'], 400)}")


@app.command()
def download(
    model: ModelId,
    format: Annotated[Format, typer.Option("--format", "-f", help="What to write it as.")] = Format.ONNX,  # noqa: A002
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Download a model, in a format that was proven to compute what was measured."""
    path = output if output is not None else Path(f"cambrian-{model}.{_EXTENSIONS[format.value]}")
    with Client(url) as client:
        path.write_bytes(client.download(model, format.value))
    print(path)


@app.command()
def predict(
    model: ModelId,
    file: Annotated[Path, typer.Argument(help="CSV or JSON file with the rows; - reads stdin.")] = Path("-"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of one JSON object a line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Let a model answer the rows of a file, and print one answer a line."""
    with Client(url) as client:
        given = client.model(model)["input"]
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
            rows = read_rows(text, by_name=given["columns"] is not None)
        except (OSError, UnicodeDecodeError, InvalidRows) as error:
            say(f"{file}: {error}")
            raise typer.Exit(ExitCode.USAGE) from error
        answers = _answers(client, model, rows, given["shape"])
        if as_json:
            print_json([answer for answer, _ in answers])
        elif as_csv:
            _print_csv(answers)
        else:
            for answer, _ in answers:
                print(json.dumps(answer, ensure_ascii=False))


def _answers(
    client: Client, model: str, rows: list[Any], shape: list[int]
) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield the answer for each row, with the names of the outputs."""
    for batch in batches(rows, shape):
        answer = client.predict(model, batch)
        for one in answer["predictions"]:
            yield {name: value for name, value in one.items() if value is not None}, answer["classes"]


def _print_csv(answers: Iterator[tuple[dict[str, Any], list[str]]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, (answer, classes) in enumerate(answers):
        numbers = answer.get("values", answer.get("probabilities", []))
        name = "values" not in answer
        if number == 0:
            writer.writerow((["class"] if name else []) + [_cell(one) for one in classes])
        told = answer.get("class_name", " ".join(answer.get("labels", ())))
        writer.writerow(([_cell(told)] if name else []) + numbers)


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _score(test: Mapping[str, Any] | None) -> str:
    return "-" if test is None else f"{test['score']:.1%} ({test['low']:.1%} to {test['high']:.1%})"
