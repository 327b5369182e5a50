"""What strangers named is text in every format: it runs nothing, ends nothing, steers nothing."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from service.errors import NotFound
from service.report import html
from service.report.document import report_bytes
from service.report.html import to_html
from service.report.markdown import to_markdown
from service.report.verdict_sections import LONG
from service.report.wording import LONGEST, plain
from service.store.database import Database
from tests.evolution.verdicts import arm, verdict_of
from tests.service.report.jobs import change, judged, report_of
from tests.service.report.tables import html_tables, markdown_tables

pytestmark = pytest.mark.slow

OVERRIDE = "\u202e"
HOSTILE = (
    "</script><script>alert(1)</script><!--",
    f"a{OVERRIDE}gnp.exe\u2066",
    "x" * 10_000,
    "| a | b |\n|---|---|\n# heading\r\n- item",
    "[click](javascript:alert(1)) ![x](http://example.org/a.png) <img src=x onerror=alert(1)> `code` *b* _c_ ~d~ &lt;",
    "\x1b[31mred\x00",
    "</style></title></table>",
)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture(params=range(len(HOSTILE)))
def report(request: pytest.FixtureRequest, database: Database) -> dict[str, Any]:
    """A report with a hostile text wherever somebody's text may stand."""
    name = HOSTILE[request.param]
    verdict = verdict_of(arm("evolution", 0.9), arm("hand_100", 0.8)).to_json()
    verdict |= {"sentence": name, "paragraph": [name, name]}
    verdict["floor"]["answer"] = name
    verdict["arms"][1]["label"] = name
    job_id = judged(database, verdict)
    change(database, job_id, name="a job", notes="remarks")
    found = report_of(database, job_id)
    found["job"] |= {"name": name, "notes": name, "error": name, "labels": [name], "dataset": name}
    found["job"]["spec"] = {**found["job"]["spec"], "dataset": name, "name": name}
    found["dataset"] |= {"title": name, "class_names": [name] * 3, "target": name, "source": name}
    found["failures"][0]["reason"] = name
    for one in found["charts"]:
        one |= {"summary": name, "note": name}
        one["rows"] = [[name for _ in row] for row in one["rows"]]
        one["figure"]["data"] = [{"type": "scatter", "x": [1], "y": [1], "text": [name], "name": name}]
    return found


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[dict[str, str | None]] = []
        self.open = 0
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self.scripts.append(given)
        if tag in {"img", "iframe", "object", "embed", "form"} or any(name.startswith("on") for name in given):
            self.foreign.append(tag)
        self.foreign += [f"{tag} {name}" for name in ("style", "src", "srcset") if name in given]
        for name in ("href", "xlink:href"):
            if not (given.get(name) or "#").startswith(("#", "data:,")):
                self.foreign.append(f"{tag} {given[name]}")


def test_in_html_it_is_text(report: dict[str, Any]) -> None:
    text = to_html(report)
    tags = _Tags()
    tags.feed(text)

    assert tags.foreign == []
    assert [one.get("type") for one in tags.scripts] == ["application/json", None, None]
    assert OVERRIDE not in text
    shown = re.sub(r"(?s)<(script|style|pre).*?</\1>", "", text)
    assert "x" * (LONG + 1) not in shown
    assert "alert(1)</script>" not in shown
    (figures,) = re.findall(r'(?s)<script type="application/json" id="figures">(.*?)</script>', text)
    assert json.loads(figures) == {one["chart"]: one["figure"] for one in report["charts"] if one["rows"]}


def test_in_markdown_it_is_text(report: dict[str, Any]) -> None:
    text = to_markdown(report)

    assert OVERRIDE not in text
    assert "\x1b" not in text
    assert "\x00" not in text
    # Outside of the listing, which is fenced, no tag, link or picture can begin.
    prose = re.sub(r"(?ms)^(`{3,})\w+$.*?^\1$", "", text)
    assert not re.search(r"(?<!\\)(?:\\\\)*<", prose)
    assert not re.search(r"(?<!\\)\](?=\()", prose)
    assert [line for line in prose.split("\n") if line.startswith("# ")] == [prose.split("\n")[0]]


def test_tables_keep_their_cells(report: dict[str, Any]) -> None:
    written, noted = html_tables(to_html(report)), markdown_tables(to_markdown(report))

    assert {caption: len(rows[0]) for caption, rows in written.items()} == {
        caption: len(rows[0]) for caption, rows in noted.items()
    }
    assert all(len(row) == len(rows[0]) for rows in written.values() for row in rows)


def test_the_document_holds_it_as_it_is(report: dict[str, Any]) -> None:
    assert json.loads(report_bytes(report)) == report


def test_a_text_is_cut_to_one_short_line() -> None:
    assert plain("x" * 10_000) == "x" * (LONGEST - 1) + "…"
    assert plain(f"a\r\n\tb{OVERRIDE}c\x07") == "a b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"
    assert plain("שלום, ก็, 👩‍👩‍👧") == "שלום, ก็, 👩‍👩‍👧"


def test_the_policy_names_what_runs_and_nothing_else(database: Database) -> None:
    text = to_html(report_of(database, judged(database, verdict_of(arm("evolution", 0.9)).to_json())))
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', text)
    policy = policy.replace("&#39;", "'")
    inline = [*re.findall(r"(?s)<style>(.*?)</style>", text), *re.findall(r"(?s)<script>(.*?)</script>", text)]

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert len(inline) == 3
    for content in inline:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_without_the_charts_script_the_numbers_are_there(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise NotFound("not installed")

    monkeypatch.setattr(html, "plotly_file", missing)
    html.scripts.cache_clear()
    try:
        text = to_html(report_of(database, judged(database, verdict_of(arm("evolution", 0.9)).to_json())))
    finally:
        html.scripts.cache_clear()

    assert "script-src &#39;none&#39;" in text
    assert any(caption.startswith("Numbers of the chart") for caption in html_tables(text))
