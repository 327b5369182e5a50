"""The dashboard for Grafana: sound, and about metrics that the service has."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from evolution.candidate import Candidate
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.runner_repository import RunnerRepository
from tests.service.api.serving import serving
from tests.service.store.samples import ELSEWHERE, candidate, evaluation, start

FILE = Path(__file__).parents[3] / "examples" / "grafana" / "cambrian.json"

# What Prometheus itself adds to what it collects.
ADDED = {"instance", "job"}
FUNCTIONS = {"max", "min", "sum", "by", "rate", "histogram_quantile"}


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


@pytest.fixture
def exported(sqlite_url: str, tmp_path: Path) -> Iterator[dict[str, set[str]]]:
    """The names of all samples of a service that has done something, each with its labels."""
    database = Database(sqlite_url)
    lease = start(database)
    tried: list[Candidate] = [candidate(0, parents=()), candidate(1, parents=())]
    with database.write() as session:
        RunnerRepository(session).report(ELSEWHERE, 2, None)
        CandidateRepository(session).record(lease, "search", tried, [evaluation(tried[0]), evaluation(tried[1], None)])
    with serving(tmp_path, database) as running:
        running.client.get("/v1/jobs")
        families = parse_text(running.client.get("/metrics").text)
        yield {sample.name: set(sample.labels) for family in families for sample in family.samples}
    database.close()


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def test_every_metric_is_one_that_the_service_has(dashboard: dict[str, Any], exported: dict[str, set[str]]) -> None:
    asked = expressions(dashboard)
    named = set()
    for expression in asked:
        names = re.findall(r"\b((?:cambrian|process|python)_[a-z_]+)\{([^}]*)\}", expression)
        assert names, expression
        for name, matchers in names:
            assert name in exported, expression
            assert set(re.findall(r"(\w+)=~?\"", matchers)) <= exported[name] | ADDED, expression
            for grouped in re.findall(r"by \(([^)]*)\)", expression):
                assert set(grouped.split(", ")) <= exported[name] | ADDED, expression
            named.add(name)
        # Every word is a function, a metric, or a label of one.
        words = set(re.findall(r"[a-z_]{2,}", re.sub(r"\{[^}]*\}|\([a-z, ]+\)|\[[^]]*\]", "", expression)))
        assert words <= FUNCTIONS | set(exported), expression

    # None of our own is forgotten but the pace of a process, which others show better.
    families = {_family(name) for name in exported if name.startswith("cambrian_")}
    assert families - {_family(name) for name in named} <= {"cambrian_build_info", "cambrian_candidates"}


def _family(sample: str) -> str:
    return re.sub(r"_(bucket|sum|count|created|total)$", "", sample)


def test_expressions_are_whole(dashboard: dict[str, Any]) -> None:
    for expression in expressions(dashboard):
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression
        # A counter is of no use but as a rate.
        assert ("_total" in expression or "_bucket" in expression) == ("rate(" in expression), expression


def test_legends_name_labels_that_are_left(dashboard: dict[str, Any]) -> None:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                grouped = re.search(r"by \(([^)]*)\)", target["expr"])
                assert label in (ADDED if grouped is None else set(grouped[1].split(", "))), target


def test_panels_are_explained_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["description"]
            assert panel["fieldConfig"]["defaults"]["unit"]
            references = [target["refId"] for target in panel["targets"]]
            assert len(set(references)) == len(references) > 0
    for one, other in itertools.combinations((panel["gridPos"] for panel in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_it_asks_the_source_that_is_chosen(dashboard: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}

    assert variables["datasource"]["type"] == "datasource"
    used = set(re.findall(r"\$\{?([a-z]\w*)\}?", json.dumps(dashboard)))
    assert used <= set(variables) | {"__rate_interval", "__all"}
    assert {json.dumps(panel["datasource"]) for panel in dashboard["panels"] if panel["type"] != "row"} == {
        json.dumps({"type": "prometheus", "uid": "${datasource}"})
    }
