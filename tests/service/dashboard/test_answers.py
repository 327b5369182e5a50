"""The page of answers, as the browser gets it."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from evolution.verdict import Verdict
from service.dashboard import smaller_budgets
from service.dashboard.answer_parts import calibration_sentence
from service.dashboard.answers import family_sentence
from service.dashboard.family_tree import fold, nearest
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import FinalStatus, Lease
from service.store.job_repository import JobRepository
from service.store.track_record import Calibration
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import first_format
from tests.service.api.serving import serving
from tests.service.dashboard.test_family_tree import relative
from tests.service.runner.jobs import execute, settings_for, submit
from tests.service.store.samples import candidate, claim, evaluation

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE} " + "x" * 10_000


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path)


@pytest.fixture
def browser(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path, database) as running:
        yield running.client


def finished(
    database: Database, status: FinalStatus = "succeeded", *, spec: dict[str, Any] | None = None, **end: Any
) -> str:
    """Return a job that has ended with three candidates: a plain design, its child, and one that failed."""
    job_id = submit(database, **(spec or {}))
    lease = running(database)
    with database.write() as session:
        JobRepository(session).finish(lease, status, **end)
    return job_id


def running(database: Database) -> Lease:
    lease = claim(database)

    assert lease is not None

    first = candidate(0, 8, operator="anchor")
    second = candidate(1, 16, operator="widen", parents=(0,))
    third = candidate(2, 4, operator="narrow", parents=(1,))
    results = [evaluation(first, 0.5), evaluation(second, 0.75), evaluation(third, None)]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [first, second, third], results)
    return lease


def read(browser: httpx.Client, job_id: str, part: str = "") -> str:
    page = browser.get(f"/jobs/{job_id}/answers{part}")

    assert page.status_code == 200

    return html.unescape(page.text)


@pytest.mark.slow
def test_a_finished_job_gives_all_its_answers(browser: httpx.Client, database: Database, settings: Settings) -> None:
    job = execute(database, settings, submit(database))

    page = read(browser, job.id)

    assert job.verdict is not None
    verdict = Verdict.from_json(job.verdict)
    assert verdict.sentence in page
    assert " ".join(verdict.paragraph[1:]) in page
    assert verdict.layers is not None
    assert verdict.neurons is not None
    assert verdict.layers.sentence in page
    assert verdict.neurons.sentence in page
    assert page.count('<svg class="intervals"') == 2
    assert page.count("Finalists of") == 2
    for arm in verdict.arms:
        assert f'<th scope="row">{arm.label}</th>' in page
        assert f">{arm.retraining.epochs:,}</td>" in page
    found = verdict.arm(verdict.evolved)
    assert found is not None
    assert f"{found.architecture.describe()}" in page
    assert re.search(r"The network of the verdict was first candidate \d+ of the search", page)
    assert "How many layers?" in page
    less = read(browser, job.id, "/less")
    assert "With half of the candidates (6 of 12; 18 epochs)" in less
    assert "With a quarter of the candidates (3 of 12; 9 epochs)" in less


def test_before_the_end_the_page_shows_what_is_known(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)
    waiting = read(browser, job_id)
    running(database)
    page = read(browser, job_id)

    assert "The job waits for its turn. The verdict comes at its end" in waiting
    assert "The tree appears with the first candidate that has a score." in waiting
    assert "The film begins with the first candidate." in waiting
    assert "The job is at work. The verdict comes at its end" in page
    assert "The network with the best score so far was first candidate 1 of the search, made by widen." in page
    assert f"/jobs/{job_id}/candidates/0" in page
    assert "<table" not in page.split('<svg class="tree"')[0]


@pytest.mark.parametrize(
    ("status", "end", "told"),
    [
        ("failed", {"error": HOSTILE}, "There is no verdict: the job failed."),
        ("cancelled", {}, "the job was cancelled after 3 evaluations"),
        ("succeeded", {}, "This job has ended without a verdict."),
    ],
)
def test_a_job_without_a_verdict_says_why(
    browser: httpx.Client, database: Database, status: FinalStatus, end: dict[str, Any], told: str
) -> None:
    job_id = finished(database, status, **end)
    page = browser.get(f"/jobs/{job_id}/answers").text

    assert told in page
    assert "<script>alert" not in page
    assert "x" * 2_000 not in page
    assert 'class="tree"' in page


def test_a_verdict_of_the_first_format_is_shown_with_what_it_holds(browser: httpx.Client, database: Database) -> None:
    page = read(browser, finished(database, verdict=first_format()))

    assert first_format()["sentence"] in page
    assert "Finalists of" not in page
    assert "What did it cost?" in page


def test_a_verdict_on_numbers_is_shown_in_its_units(browser: httpx.Client, database: Database) -> None:
    verdict = regression_verdict(
        number_arm("evolution", 40, search_score=0.8), number_arm("hand_100", 60), rivals=[number_rival("svr", 30)]
    )
    page = read(browser, finished(database, spec={"dataset": "diabetes", "metric": "r2"}, verdict=verdict.to_json()))
    main = verdict.arms[0]

    assert main.rmse is not None
    assert f">{main.test_score:.3f}</td>" in page
    assert f">{main.rmse.value:.2f}</td>" in page
    assert "Difference to each rival, in R²" in page
    assert "ccuracy" not in page


def test_the_film_has_a_frame_for_each_candidate_and_each_best_network_once(
    browser: httpx.Client, database: Database
) -> None:
    film = read(browser, finished(database), "/film")

    frames = re.findall(r'<div class="frame" data-number="(\d+)" data-best="(\d*)" hidden>', film)
    assert frames == [("0", "0"), ("1", "1"), ("2", "1")]
    assert re.findall(r'<div class="best" data-best="(\d+)" hidden>', film) == ["0", "1"]
    assert film.count('class="network"') == 2
    assert "better than all before" in film
    assert "made by narrow from 1: failed" in " ".join(film.split())
    assert film.count("<circle") >= 3


def test_operators_are_counted_in_a_table(browser: httpx.Client, database: Database) -> None:
    table = read(browser, finished(database), "/operators")

    assert "<caption>Operators: their children against the better parent" in table
    assert "1 (100 %)" in table
    assert "+25.0 points" in table


def test_parts_of_a_job_that_has_done_nothing_are_empty_and_say_so(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)

    assert "There is no candidate yet." in read(browser, job_id, "/film")
    assert "There are too few candidates yet" in read(browser, job_id, "/less")
    assert "There is no candidate yet whose operator" in read(browser, job_id, "/operators")


def test_a_replay_that_takes_long_is_told_by_the_best_scores(
    browser: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smaller_budgets, "MOST_REPLAYED", 2)
    less = read(browser, finished(database), "/less")

    assert "After half of the candidates (1) the best score was 50.0 %" in less


def test_networks_outside_the_space_are_told_by_the_best_scores(browser: httpx.Client, database: Database) -> None:
    job_id = finished(database, spec={"space": {"max_layers": 0, "min_layers": 0}})

    assert "After half of the candidates (1)" in read(browser, job_id, "/less")


def test_a_spec_of_another_release_is_told_by_the_best_scores(browser: httpx.Client, database: Database) -> None:
    with database.write() as session:
        job_id = JobRepository(session).create("old", "digits-8x8", {"format": 99}, 0).id
    running(database)

    assert "After half of the candidates (1)" in read(browser, job_id, "/less")
    assert browser.get(f"/jobs/{job_id}/answers").status_code == 200


@pytest.mark.parametrize("part", ["", "/film", "/less", "/operators"])
def test_an_unknown_job_is_not_there(browser: httpx.Client, part: str) -> None:
    assert browser.get(f"/jobs/nothing/answers{part}").status_code == 404


def test_a_network_without_ancestors_says_so() -> None:
    tree = nearest(fold([relative(3, 0, operator="random")]))

    assert family_sentence(tree, of_verdict=True) == (
        "The network of the verdict was first candidate 3 of the search: a random network, without ancestors."
    )


def test_predictions_are_told_with_their_hit_rate() -> None:
    found = Calibration(100, 0.0, 0.008, 0.01, 0.71, 0.96, 0.5, 0.8)
    told = calibration_sentence(found, "accuracy")

    assert told.startswith("100 scores had been predicted before the training: 71.0 % of them fell within one")
    assert told.endswith("On average the prediction was off by 0.8 points.")
    assert calibration_sentence(replace(found, predictions=5), "accuracy").endswith("So few say little.")
    assert calibration_sentence(replace(found, within_two=0.6), "r2").endswith("was surer than it could be.")
