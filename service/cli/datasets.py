"""`cambrian data`: the data sets that jobs may name, and uploads of your own."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from service.cli.exit_code import ExitCode
from service.cli.jobs import Json, Url
from service.cli.output import ProgressLine, print_json, printable, say, table
from service.client import DEFAULT_URL, Client

app = typer.Typer(help="Upload data sets, and look at those that there are.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the data set.")]

_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/x-npz",
    ".zip": "application/zip",
}
_SHOWN_CLASSES: Final = 20


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet, NPZ, or a zip file of images.")],
    name: Annotated[str | None, typer.Option(help="Name of the data set; from the file's name if left out.")] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict; guessed if left out.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression; guessed if left out.")] = None,
    kind: Annotated[str | None, typer.Option(help="csv, parquet, npz or images; guessed if left out.")] = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Column that holds texts; may be repeated.")] = None,
    ignore_column: Annotated[list[str] | None, typer.Option(help="Column to leave out; may be repeated.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column whose equal values stay in one part.")] = None,
    missing: Annotated[str | None, typer.Option(help="impute (default) or refuse cells without a value.")] = None,
    image_side: Annotated[int | None, typer.Option(help="Pixels to which images are scaled.")] = None,
    text_features: Annotated[str | None, typer.Option(help="tfidf (default) or bag_of_words.")] = None,
    split_seed: Annotated[int | None, typer.Option(help="Deals the rows to train, validation and test.")] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Upload a file as a data set, and show what was found in it."""
    chosen = name if name is not None else _name_from(file)
    if not chosen:
        say("the file's name makes no name for a data set; give one with --name")
        raise typer.Exit(ExitCode.USAGE)
    size = file.stat().st_size
    line = ProgressLine()

    def show_sent(sent: int) -> None:
        told = f"{sent / 1e6:.1f} of {size / 1e6:.1f} MB sent"
        line.show(told if sent < size else f"{told}; the service reads the file")

    with Client(url) as client, file.open("rb") as content:
        try:
            dataset = client.put_dataset(
                chosen,
                content,
                media_type=_MEDIA_TYPES.get(file.suffix.lower()),
                title=_title_of(file),
                sent=show_sent,
                target=target,
                task=task,
                kind=kind,
                text_columns=text_column,
                ignored_columns=ignore_column,
                group_column=group_column,
                missing=missing,
                image_side=image_side,
                text_features=text_features,
                split_seed=split_seed,
            )
        finally:
            line.clear()
    if as_json:
        print_json(dataset)
        return
    print("\n".join(dataset_lines(dataset)))
    say(f"search on it with `cambrian submit {dataset['name']}`")


@app.command(name="list")
def list_datasets(as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """List the data sets that a job may name."""
    with Client(url) as client:
        found = list(client.datasets())
    if as_json:
        print_json(found)
        return
    rows = [
        (one["name"], one["origin"], one["task"], f"{_rows(one):,}", _shape(one), printable(one["title"], 60))
        for one in found
    ]
    print("\n".join(table(("NAME", "ORIGIN", "TASK", "ROWS", "INPUTS", "TITLE"), rows)))


@app.command()
def show(name: Name, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Show one data set: its columns, and what the data doctor noticed."""
    with Client(url) as client:
        dataset = client.dataset(name)
    if as_json:
        print_json(dataset)
    else:
        print("\n".join(dataset_lines(dataset)))


@app.command()
def delete(name: Name, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Delete a data set of yours; jobs that ran on it keep their results."""
    with Client(url) as client:
        client.delete_dataset(name)
    if as_json:
        print_json({"deleted": name})
    else:
        say(f"data set {printable(name)} is deleted")


def dataset_lines(dataset: Mapping[str, Any]) -> list[str]:
    """Return a data set as lines for a person."""
    parts = dataset["rows"]
    lines = [
        _line("name", dataset["name"]),
        _line("title", dataset["title"]),
        _line("source", dataset["source"]),
        _line("task", dataset["task"]),
        _line("rows", f"{parts['train']:,} train, {parts['validation']:,} validation, {parts['test']:,} test"),
        _line("inputs", _shape(dataset)),
    ]
    if dataset["target"] is not None:
        lines.append(_line("target", dataset["target"]))
    if dataset["task"] != "regression":
        lines.append(_line("classes", _classes(dataset)))
    if dataset["columns"]:
        rows = [
            (
                printable(one["name"], 40),
                one["type"],
                f"{one['missing']:,}",
                f"{one['distinct']:,}",
                f"{one['inputs']:,}",
                printable(one["use"], 100),
            )
            for one in dataset["columns"]
        ]
        lines += ["", *table(("COLUMN", "TYPE", "MISSING", "DISTINCT", "INPUTS", "USE"), rows)]
    if dataset["findings"] is not None:
        lines += ["", "The data doctor:"]
        lines += [f"  {one['severity']}: {printable(one['sentence'], 1_000)}" for one in dataset["findings"]]
        if not dataset["findings"]:
            lines.append("  nothing to complain about")
    return lines


def _line(field: str, value: object) -> str:
    return f"{field:8} {printable(value, 200)}"


def _rows(dataset: Mapping[str, Any]) -> int:
    return sum(dataset["rows"].values())


def _shape(dataset: Mapping[str, Any]) -> str:
    return " x ".join(f"{length:,}" for length in dataset["input_shape"])


def _classes(dataset: Mapping[str, Any]) -> str:
    names, counts = dataset["class_names"], dataset["class_counts"]
    told = names if not counts else [f"{name} ({count:,})" for name, count in zip(names, counts, strict=True)]
    more = f" and {len(told) - _SHOWN_CLASSES:,} more" if len(told) > _SHOWN_CLASSES else ""
    return ", ".join(told[:_SHOWN_CLASSES]) + more


def _name_from(file: Path) -> str:
    """Return the file's name as the name of a data set; empty where nothing of it can be used."""
    return re.sub(r"[^a-z0-9._-]+", "-", file.stem.lower()).strip("-._")[:100]


def _title_of(file: Path) -> str | None:
    """Return the file's name as a label; None where nothing of it can be shown."""
    return printable(file.name, 200).strip() or None
