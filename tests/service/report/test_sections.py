"""What is written is what the document says, in both formats, and reads as sentences do."""

import json
from typing import Any

import pytest

from evolution.verdict import Verdict
from service.report.blocks import Chart
from service.report.document import report_sha256
from service.report.html import to_html
from service.report.markdown import to_markdown
from service.report.sections import MOST_ROWS, sections
from service.store.database import Database
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import arm, first_format, rival, verdict_of
from tests.service.report.conftest import Finished
from tests.service.report.jobs import change, judged, report_of, searched
from tests.service.report.tables import Tables, html_tables, markdown_tables
from tests.service.runner.jobs import submit

pytestmark = pytest.mark.slow


@pytest.fixture
def database(sqlite_url: str) -> Any:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _starting(tables: Tables, beginning: str) -> list[list[str]]:
    (found,) = [rows for caption, rows in tables.items() if caption.startswith(beginning)]
    return found[1:]


@pytest.mark.slow
def test_html_and_markdown_write_the_same_tables(finished: Finished) -> None:
    client, path = finished.running.client, f"/v1/jobs/{finished.job_id}/report"
    written = html_tables(client.get(path, params={"format": "html"}).text)
    noted = markdown_tables(client.get(path, params={"format": "markdown"}).text)

    assert len(written) > 10
    # Markdown has fewer rows of the charts' numbers, and says so.
    assert {caption.partition(" (here the first")[0] for caption in noted} == set(written)
    for caption, rows in noted.items():
        assert written[caption.partition(" (here the first")[0]][: len(rows)] == rows


@pytest.mark.slow
def test_every_number_of_verdict_and_ledger_is_that_of_the_document(finished: Finished) -> None:
    client, path = finished.running.client, f"/v1/jobs/{finished.job_id}/report"
    report = client.get(path).json()
    verdict, labels = report["verdict"], {}
    tables = html_tables(client.get(path, params={"format": "html"}).text)
    arms = {row[0]: row for row in _starting(tables, "Accuracy on")}
    for one in verdict["arms"]:
        labels[one["name"]] = one["label"]
        row = arms[one["label"]]
        assert row[2:5] == [
            f"{one['parameters']:,}",
            _share(one["test_accuracy"]),
            f"{_share(one['test_low'])} to {_share(one['test_high'])}",
        ]
        known = [one["search_score"], one["finalist_score"], one["validation_accuracy"]]
        assert row[6:9] == ["-" if value is None else _share(value) for value in known]
    for one in verdict["rivals"]:
        labels[one["name"]] = one["label"]
        assert arms[one["label"]][3] == _share(one["test_accuracy"])

    assert _starting(tables, "What evolution is better by") == [
        [
            labels[one["rival"]],
            _signed(one["difference"]),
            f"{_signed(one['low'])} to {_signed(one['high'])}",
            "< 0.001" if one["adjusted_p_value"] < 0.001 else f"{one['adjusted_p_value']:.3f}",
            one["conclusion"],
        ]
        for one in verdict["comparisons"]
    ]
    for each in verdict["finalists"]:
        rows = _starting(tables, f"Finalists of {labels[each['finder']]}")
        assert [row[3] for row in rows] == [_share(one["mean"]) for one in each["finalists"]]
    for row, line in zip(_starting(tables, "What every arm cost"), report["ledger"], strict=True):
        assert row[:3] == [line["label"], line["part"], f"{line['evaluations']:,}"]
        assert row[3] == ("-" if line["epochs"] is None else f"{line['epochs']:,}")
        assert (
            float(row[4].replace(",", "")) == pytest.approx(line["flops"], rel=1e-3) if line["flops"] else row[4] == "-"
        )
        assert float(row[5].replace(",", "")) == pytest.approx(line["cpu_seconds"], rel=5e-3)


@pytest.mark.slow
def test_both_name_the_hash_of_the_json_report(finished: Finished) -> None:
    client, path = finished.running.client, f"/v1/jobs/{finished.job_id}/report"
    digest = report_sha256(client.get(path).json())

    for format_ in ("html", "markdown"):
        assert digest in client.get(path, params={"format": format_}).text


def test_the_sentence_comes_first(database: Database) -> None:
    verdict = verdict_of(arm("evolution", 0.9), arm("hand_100", 0.8))
    text = to_markdown(report_of(database, judged(database, verdict.to_json(), name="digits")))

    assert text.startswith("# digits\n\n## Was it worth it?\n\n**Evolution's network")
    assert verdict.sentence.replace("[", "\\[") in text or verdict.sentence in text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("queued", "waits for a runner"),
        ("running", "by now"),
        ("paused", "stands still"),
        ("cancelled", "was cancelled"),
        ("failed", "failed before its verdict"),
    ],
)
def test_a_job_without_a_verdict_says_how_far_it_has_come(database: Database, status: str, said: str) -> None:
    job_id = submit(database) if status == "queued" else searched(database)
    change(database, job_id, status=status, owner="local", error="the disk is full" if status == "failed" else None)
    report = report_of(database, job_id)
    text = to_markdown(report)

    assert said in text
    assert "## How far it has come" in text
    assert ("the disk is full" in text) == (status == "failed")
    assert ("As of now" in text) == (status in {"queued", "running", "paused"} or report["job"]["finished_at"] is None)
    assert "</html>" in to_html(report)


def test_a_regression_is_told_in_its_units(database: Database) -> None:
    arms = (number_arm("evolution", 40, widths=(9,), search_score=0.8), number_arm("linear_regression", 60, widths=()))
    verdict = regression_verdict(*arms, rivals=[number_rival("svr", 30)])
    job_id = judged(database, json.loads(json.dumps(verdict.to_json())), dataset="diabetes", metric="r2")
    tables = markdown_tables(to_markdown(report_of(database, job_id)))
    row = _starting(tables, "R² on 200 test rows")[0]

    assert row[3] == f"{verdict.arms[0].test_score:.3f}"
    assert verdict.arms[0].rmse is not None
    assert row[5] == f"{verdict.arms[0].rmse.value:.2f}"
    difference = verdict.comparisons[0]
    assert difference.rmse is not None
    assert _starting(tables, "What evolution is better by, in R²")[0][1:4] == [
        f"{difference.difference:+.3f}",
        f"{difference.low:+.3f} to {difference.high:+.3f}",
        f"\N{MINUS SIGN}{abs(difference.rmse.value):.2f}",
    ]
    assert _starting(tables, "Recommended networks")[0][3] == f"{verdict.arms[0].test_score:.3f}"


def test_a_verdict_of_the_first_format_is_written(database: Database) -> None:
    stored = first_format()
    tables = markdown_tables(to_markdown(report_of(database, judged(database, stored))))

    assert [row[3] for row in _starting(tables, "Accuracy on")][: len(stored["arms"])] == [
        _share(one["test_accuracy"]) for one in stored["arms"]
    ]


def test_a_verdict_of_a_newer_release_is_its_sentence(database: Database) -> None:
    stored = {**verdict_of(arm("evolution", 0.9)).to_json(), "format": 99, "sentence": "It was worth it."}
    text = to_markdown(report_of(database, judged(database, stored)))

    assert "**It was worth it.**" in text
    assert "written by a newer release" in text


def test_an_answer_that_failed_and_methods_left_out_are_told(database: Database) -> None:
    verdict = verdict_of(arm("evolution", 0.9), arm("hand_100", 0.8), rivals=[rival("mlp", 0.7)]).to_json()
    verdict["arms"][1]["failures"] = 2
    verdict["skipped"] = [{"name": "svc", "label": "scikit-learn's SVC", "reason": "it would take too long"}]
    text = to_markdown(report_of(database, judged(database, verdict)))

    assert "2 of 5 trainings diverged and count as wrong answers" in text
    assert "scikit-learn's SVC was left out: it would take too long." in text


def test_long_charts_are_cut_in_files_and_whole_in_the_document(database: Database) -> None:
    report = report_of(database, searched(database))
    chart = report["charts"][0]
    chart["rows"] = chart["rows"] * (MOST_ROWS + 1)
    (written,) = [
        block
        for part in sections(report)
        for block in part.blocks
        if isinstance(block, Chart) and block.name == chart["chart"]
    ]
    caption = f"the first {MOST_ROWS} of {len(chart['rows']):,} rows"

    assert len(written.table.rows) == MOST_ROWS
    assert caption in written.table.caption


def test_failures_are_told_with_their_reasons(database: Database) -> None:
    tables = markdown_tables(to_markdown(report_of(database, searched(database))))

    assert _starting(tables, "3 trainings that failed") == [
        ["diverged in epoch 2", "search", "2", "5"],
        ["took more than 1 GB", "search", "1", "7"],
    ]


def test_the_verdict_is_read_from_the_document_alone(database: Database) -> None:
    report = report_of(database, judged(database, verdict_of(arm("evolution", 0.9)).to_json()))
    changed = Verdict.from_json(report["verdict"]).to_json()
    changed["arms"][0]["test_accuracy"] = 0.1234
    text = to_markdown({**report, "verdict": changed})

    assert "12.3 %" in text
