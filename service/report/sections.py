"""The document of a report as sections, in the order in which somebody wants to know: the answer first, proof last."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from core.architecture import Architecture
from evolution.metric_words import words_of
from evolution.verdict import Verdict
from service.dashboard.drawings import draw_network
from service.dashboard.family_tree import draw_family_tree, fold, nearest, operator_words
from service.report.asked import asked
from service.report.blocks import Block, Chart, Column, Drawing, Facts, Listing, Paragraph, Section, Table
from service.report.document import report_sha256, verdict_of
from service.report.parallel import drawable
from service.report.record_sections import check_section, record_section
from service.report.verdict_sections import LONG, answer_sections, comparison_section
from service.report.wording import (
    NOTHING,
    count,
    flops,
    interval,
    metric_of,
    moment,
    plain,
    score,
    seconds,
    share,
)
from service.store.lineage import Relative

MOST_ROWS: Final = 400
"""So many rows of a chart's numbers are written out; the document has them all."""

_PHASES: Final = {
    "search": "the search",
    "baseline": "random search with as many epochs",
    "finalists": "the finalists on fresh seeds",
    "final": "the networks of the verdict on fresh seeds",
}
_ANSWERS: Final = {
    "layers": "Score by hidden layers",
    "neurons": "Score by neurons in all",
    "importance": "What the properties explain",
}
"""What the charts are called that stand below an answer, whose question is the heading already."""

_UNFINISHED: Final = {
    "queued": "The job waits for a runner; nothing has been trained yet.",
    "paused": "The job stands still; this is how far it had come.",
    "running": "The job still runs, so this is no verdict: it is how far it has come by now.",
    "cancelled": "The job was cancelled before its verdict; this is how far it had come.",
    "failed": "The job failed before its verdict; this is how far it had come.",
    "succeeded": "The job has succeeded.",
}


def title_of(document: Mapping[str, Any]) -> str:
    """Return the title: what the job is called."""
    return plain(document["job"]["name"])


def sections(document: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the whole report."""
    verdict = verdict_of(document)
    found = [_result(document, verdict), *_network(document, verdict), _asked(document), _data(document)]
    if verdict is not None:
        found.append(comparison_section(verdict))
        found += [_with_chart(part, document) for part in answer_sections(verdict)]
    found += [
        *_charts(document, {part.name for part in found}),
        _ledger(document),
        *_family(document),
        *_leaders(document),
        *_failures(document),
    ]
    return (*found, record_section(document["record"]), check_section(document, report_sha256(document)))


def _result(document: Mapping[str, Any], verdict: Verdict | None) -> Section:
    job, stored = document["job"], document["verdict"]
    blocks: list[Block] = []
    if stored is None:
        blocks.append(Paragraph(_UNFINISHED[job["status"]], lead=True))
    else:
        blocks.append(Paragraph(plain(stored.get("sentence") or "There is a verdict.", LONG), lead=True))
        more = stored.get("paragraph") or ()
        blocks += [Paragraph(plain(" ".join(more[1:]), LONG))] if len(more) > 1 else []
        if verdict is None:
            blocks.append(Paragraph("The rest of the verdict was written by a newer release; the JSON report has it."))
    ended = "Ended" if job["finished_at"] else "As of now"
    facts = [("Status", job["status"]), (ended, moment(document["as_of"])), ("Job", job["id"])]
    facts += [("Why it failed", plain(job["error"], LONG))] if job["error"] else []
    facts += [("Search ended", plain(job["stop_reason"]))] if job["stop_reason"] else []
    facts += [("Labels", ", ".join(plain(one, 60) for one in job["labels"]))] if job["labels"] else []
    facts += [("Notes", plain(job["notes"], LONG))] if job["notes"] else []
    title = "How far it has come" if stored is None else "Was it worth it?"
    return Section("result", title, (*blocks, Facts(tuple(facts))))


def _network(document: Mapping[str, Any], verdict: Verdict | None) -> Iterator[Section]:
    best, smallest = document["recommended"]["best"], document["recommended"]["smallest"]
    if best is None:
        return
    metric = metric_of(document)
    architecture = Architecture.from_json(best["architecture"])
    drawing = Drawing(draw_network(architecture), f"Network {best['description']}")
    rows = [("Best" if verdict is not None else "Best so far", *_standing(best, metric))]
    said = "The search's best so far, by a single score on the validation rows, which flatters it."
    if smallest is not None:
        same = smallest["architecture"] == best["architecture"]
        rows.append(("Smallest within one standard error", *_standing(smallest, metric)))
        said = (
            "No smaller network comes within one standard error of the best one: take the best."
            if same
            else f"Where size matters, take the smaller one: it has {count(smallest['parameters'])} parameters in "
            f"place of {count(best['parameters'])}, and on fresh seeds it came within one standard error of the best."
        )
    elif verdict is not None:
        said = "The verdict's format names no smallest network."
    columns = (
        Column("Network"),
        Column("Layers"),
        Column("Parameters", number=True),
        Column(f"Score on the {best['rows']} rows", number=True),
        Column("95 % interval", number=True),
    )
    table = Table("Recommended networks", columns, tuple(rows))
    yield Section("network", "The network", (drawing, Paragraph(said), table))


def _standing(one: Mapping[str, Any], metric: Any) -> tuple[str, str, str, str]:
    return (
        one["description"],
        count(one["parameters"]),
        score(one["score"], metric),
        interval(one["low"], one["high"], metric),
    )


def _asked(document: Mapping[str, Any]) -> Section:
    spec = document["job"]["spec"]
    text = json.dumps(spec, ensure_ascii=False, indent=2)
    # Line by line, so that a name cannot steer what stands around it.
    lines = "\n".join(plain(line) for line in text.split("\n"))
    return Section(
        "asked",
        "What was asked",
        (Facts(asked(spec, metric_of(document))), Listing("The job spec, defaults filled in", lines, "json")),
    )


def _data(document: Mapping[str, Any]) -> Section:
    data, job = document["dataset"], document["job"]
    facts = [("Name", plain(job["dataset"]))]
    if data is not None:
        rows = data["rows"]
        facts += [
            ("Title", plain(data["title"])),
            ("Task", data["task"]),
            ("Input", " x ".join(map(str, data["input_shape"])) + " numbers"),
            ("Training rows", count(rows["train"])),
            ("Validation rows", f"{count(rows['validation'])}, which the search chose by"),
            ("Test rows", f"{count(rows['test'])}, opened once, for the verdict"),
            ("Source", plain(data["source"])),
        ]
        if data["class_names"]:
            shown = ", ".join(plain(name, 60) for name in data["class_names"][:50])
            more = f" and {len(data['class_names']) - 50:,} more" if len(data["class_names"]) > 50 else ""
            facts.append(("Classes", f"{len(data['class_names']):,}: {shown}{more}"))
        if data["target"] is not None:
            facts.append(("Predicts", plain(data["target"])))
    facts.append(("Fingerprint (SHA-256)", job["dataset_fingerprint"] or "not known until a runner has read the data"))
    deleted = () if data is not None else (Paragraph("The data set was deleted since."),)
    return Section("data", "The data", (Facts(tuple(facts)), *deleted))


def _with_chart(part: Section, document: Mapping[str, Any]) -> Section:
    """Put the chart that shows an answer below its sentence."""
    shown = [one for one in document["charts"] if one["chart"] == part.name and one["rows"]]
    charts = [_chart({**one, "title": _ANSWERS.get(part.name, one["title"])}) for one in shown]
    first, rest = part.blocks[:1], part.blocks[1:]
    # Where the chart says the same sentence, once is enough.
    said = charts and isinstance(first[0], Paragraph) and charts[0].summary == first[0].text
    return replace(part, blocks=(*(() if said else first), *charts, *rest))


def _charts(document: Mapping[str, Any], shown: Collection[str]) -> Iterator[Section]:
    left = [one for one in document["charts"] if one["rows"] and one["chart"] not in shown]
    charts: Sequence[Block] = [_chart(one) for one in left]
    if charts:
        yield Section("charts", "The search in charts", tuple(charts))


def _chart(one: Mapping[str, Any]) -> Chart:
    numbers = {place for place in range(len(one["columns"])) if _are_numbers([row[place] for row in one["rows"]])}
    units = [column["unit"] for column in one["columns"]]
    columns = tuple(
        Column(_heading(column["title"], column["unit"]), number=place in numbers)
        for place, column in enumerate(one["columns"])
    )
    rows = tuple(
        tuple(_cell(cell, unit) for cell, unit in zip(row, units, strict=True)) for row in one["rows"][:MOST_ROWS]
    )
    all_rows = len(one["rows"])
    cut = f", the first {MOST_ROWS:,} of {all_rows:,} rows: the JSON report has all" if all_rows > MOST_ROWS else ""
    table = Table(f"Numbers of the chart: {one['title']}{cut}", columns, rows)
    return Chart(
        one["chart"], one["title"], plain(one["summary"], LONG), plain(one["note"]), drawable(one["figure"]), table
    )


def _are_numbers(cells: Sequence[Any]) -> bool:
    found = [cell for cell in cells if cell is not None]
    return bool(found) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in found)


def _heading(title: str, unit: str) -> str:
    # A share is written with its sign of percent.
    return title.removesuffix(" (%)") if unit == "share" else f"{title} ({unit})" if unit else title


def _cell(cell: Any, unit: str) -> str:
    match cell:
        case None:
            return NOTHING
        case bool():
            return "yes" if cell else "no"
        case int() | float() if unit == "share":
            return share(cell)
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:,.6g}"
        case list():
            return ", ".join(map(str, cell)) or NOTHING
        case _:
            return plain(cell)


def _ledger(document: Mapping[str, Any]) -> Section:
    columns = (
        Column("Who"),
        Column("What for"),
        Column("Trainings", number=True),
        Column("Epochs", number=True),
        Column("FLOPs", number=True),
        Column("CPU seconds", number=True),
    )
    rows = tuple(
        (
            plain(_PHASES.get(line["label"], line["label"]) if line["part"] == "phase" else line["label"]),
            line["part"],
            count(line["evaluations"]),
            count(line["epochs"]),
            flops(line["flops"]),
            seconds(line["cpu_seconds"]),
        )
        for line in document["ledger"]
    )
    if not rows:
        return Section("ledger", "What it cost", (Paragraph("Nothing has been spent yet."),))
    return Section("ledger", "What it cost", (Table("What every arm cost", columns, rows),))


def _family(document: Mapping[str, Any]) -> Iterator[Section]:
    family, metric = document["family"], metric_of(document)
    if not family:
        return
    columns = (
        Column("Candidate"),
        Column("Generations back", number=True),
        Column("Network"),
        Column("Made by"),
        Column("Parents"),
        Column("Search score", number=True),
    )
    rows = tuple(
        (
            str(one["number"]),
            count(one["generation"]),
            one["description"],
            plain(operator_words(one["operator"])),
            ", ".join(map(str, one["parents"])) or NOTHING,
            one["status"] if one["fitness"] is None else score(one["fitness"], metric),
        )
        for one in family
    )
    said = "" if document["family_complete"] else "; the oldest ancestors are left out"
    table = Table(f"The recommended network and its ancestors{said}", columns, rows)
    tree = nearest(fold([_relative(one) for one in family]), complete=document["family_complete"])
    drawing = Drawing(draw_family_tree(tree, words_of(metric), None), "Family tree of the recommended network")
    yield Section("family", "Where it came from", (drawing, table))


def _relative(one: Mapping[str, Any]) -> Relative:
    return Relative(
        number=one["number"],
        generation=one["generation"],
        parents=tuple(one["parents"]),
        operator=one["operator"],
        architecture=Architecture.from_json(one["architecture"]),
        parameters=one["parameters"],
        # The tree tells what came of a candidate, not what was believed before.
        prediction=None,
        status=one["status"],
        fitness=one["fitness"],
        stop_after=one["stop_after"],
    )


def _leaders(document: Mapping[str, Any]) -> Iterator[Section]:
    leaders, metric = document["leaders"], metric_of(document)
    if not leaders:
        return
    columns = (
        Column("Candidate"),
        Column("Network"),
        Column("Parameters", number=True),
        Column("Search score", number=True),
        Column("Made by"),
        Column("Parents"),
        Column("Epochs", number=True),
        Column("CPU seconds", number=True),
    )
    rows = tuple(
        (
            str(one["number"]),
            one["description"],
            count(one["parameters"]),
            score(one["fitness"], metric),
            plain(operator_words(one["operator"])),
            ", ".join(map(str, one["parents"])) or NOTHING,
            count(one["epochs"]),
            seconds(one["cpu_seconds"]),
        )
        for one in leaders
    )
    search = next((phase for phase in document["job"]["progress"] if phase["phase"] == "search"), None)
    of = len(rows) if search is None else search["evaluated"]
    table = Table(f"The best {len(rows):,} of {count(of)} networks with a score", columns, rows)
    yield Section("candidates", "The best candidates", (table,))


def _failures(document: Mapping[str, Any]) -> Iterator[Section]:
    failed = sum(phase["failed"] for phase in document["job"]["progress"])
    if not failed:
        return
    columns = (Column("Reason"), Column("Part"), Column("Candidates", number=True), Column("First", number=True))
    rows = tuple(
        (plain(one["reason"]) or "not told", one["phase"], count(one["count"]), str(one["first"]))
        for one in document["failures"]
    )
    told = sum(one["count"] for one in document["failures"])
    more = "" if told == failed else f"; {failed - told:,} earlier ones are not looked at"
    table = Table(f"{failed:,} trainings that failed{more}", columns, rows)
    yield Section("failures", "What failed", (table,))
