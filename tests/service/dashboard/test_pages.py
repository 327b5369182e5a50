"""The pages of a real job, as the browser gets them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evolution.verdict import Verdict
from service.dashboard import job_list
from service.dashboard.templating import templates
from service.settings import Settings
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_control import JobControl
from service.store.job_repository import JobRepository
from tests.evolution.regressions import number_arm, number_rival, regression_verdict
from tests.evolution.verdicts import first_format
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import serving
from tests.service.runner.jobs import execute, settings_for, submit
from tests.service.store.many_candidates import job_with
from tests.service.store.samples import candidate, claim, evaluation

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script> & 'more'"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path)


@pytest.fixture
def browser(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path, database) as running:
        yield running.client


def test_an_empty_list_says_what_to_do_next(browser: httpx.Client) -> None:
    page = browser.get("/")

    assert page.status_code == 200
    assert "cambrian submit digits-16x16" in page.text


def test_names_are_text_and_never_markup(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database, name=HOSTILE)

    for path in ("/", "/fragments/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/best", f"/jobs/{job_id}/work"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in browser.get("/").text


@pytest.mark.slow
def test_a_finished_job_shows_its_sentence_its_network_and_its_numbers(
    browser: httpx.Client, database: Database, settings: Settings
) -> None:
    job = execute(database, settings, submit(database))

    page = browser.get(f"/jobs/{job.id}")

    assert job.verdict is not None
    assert " ".join(job.verdict["paragraph"]) in html.unescape(page.text)
    assert 'class="network"' in page.text
    assert page.text.count("<caption>Finalists of") == 0
    assert 'scope="row">logistic regression' in page.text
    tables = html.unescape(verdict_tables(Verdict.from_json(job.verdict)))
    assert tables.count("<caption>Finalists of") == 2
    assert tables.count("logistic regression") >= 2
    assert 'data-finished="yes"' in page.text
    # Its parts are the same as in the page.
    outcome = browser.get(f"/jobs/{job.id}/outcome").text
    assert _without_spaces(outcome) in _without_spaces(page.text)


def test_a_verdict_of_the_first_format_is_shown(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", verdict=first_format())

    page = browser.get(f"/jobs/{job_id}")

    assert page.status_code == 200
    assert first_format()["sentence"] in html.unescape(page.text)
    assert "How many layers?" not in verdict_tables(Verdict.from_json(first_format()))


def test_a_verdict_on_numbers_is_shown_with_its_errors(browser: httpx.Client, database: Database) -> None:
    verdict = regression_verdict(
        number_arm("evolution", 40, search_score=0.8), number_arm("hand_100", 60), rivals=[number_rival("svr", 30)]
    )
    job_id = submit(database, dataset="diabetes", metric="r2")
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        JobRepository(session).finish(lease, "succeeded", verdict=verdict.to_json())

    page = html.unescape(browser.get(f"/jobs/{job_id}").text)
    main = verdict.arms[0]

    assert " ".join(verdict.paragraph) in page
    assert main.rmse is not None
    assert f'<td class="number">{main.test_score:.3f}</td>' in page
    tables = html.unescape(verdict_tables(verdict))
    assert f">{main.test_score:.3f}</td>" in tables
    assert f">{main.rmse.value:.2f}</td>" in tables
    assert "Root mean squared error</th>" in tables
    assert "Difference to each rival, in R²" in tables
    assert "ccuracy" not in tables
    assert "ccuracy" not in page
    assert browser.get("/").status_code == 200


def test_the_list_is_filtered_ordered_and_paged_by_its_address(
    browser: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "PAGE_SIZE", 2)
    ids = [submit(database, name=f"job {number}") for number in range(5)]
    with database.write() as session:
        JobControl(session).pause(ids[0])

    def shown(address: str) -> list[str]:
        answer = browser.get(address)
        assert answer.status_code == 200, answer.text
        return re.findall(r'href="/jobs/([0-9a-z]+)"', answer.text)

    assert shown("/") == [ids[4], ids[3]]
    following = re.search(r'rel="next" href="([^"]+)"', browser.get("/?sort=oldest&name=&label=&status=").text)
    assert following is not None
    assert shown(html.unescape(following[1])) == ids[2:4]
    assert shown("/?status=paused") == [ids[0]]
    assert shown("/?status=paused,failed&name=JOB+0&created_after=2000-01-01") == [ids[0]]
    assert shown("/?created_before=2000-01-01") == []
    assert "No job is like that" in browser.get("/?archived=true").text
    assert shown("/fragments/jobs?sort=name") == ids[:2]


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "sort=best",
        "archived=maybe",
        "created_after=soon",
        "created_before=2026-01-31T00:00:00",
        "page_token=x",
    ],
)
def test_a_list_that_cannot_be_asked_for(browser: httpx.Client, query: str) -> None:
    assert browser.get(f"/?{query}").status_code == 422


def test_a_part_that_has_not_changed_is_not_sent_again(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)

    for path in ("/fragments/jobs", f"/jobs/{job_id}/best", f"/jobs/{job_id}/work", f"/jobs/{job_id}/outcome"):
        first = browser.get(path)
        assert first.status_code == 200
        assert browser.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_failures_are_told_by_their_reasons_with_the_candidates(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)
    lease = claim(database)
    assert lease is not None
    failed = [candidate(number) for number in range(7)]
    with database.write() as session:
        CandidateRepository(session).record(
            lease,
            "search",
            failed,
            [evaluation(one, None, error=f"<b>lost</b> in epoch {one.number}") for one in failed],
        )

    page = browser.get(f"/jobs/{job_id}").text

    assert "<strong>7 times:</strong>" in page
    assert "&lt;b&gt;lost&lt;/b&gt; in epoch 6" in page
    assert f'href="/jobs/{job_id}/candidates/6?phase=search"' in page
    assert f'href="/jobs/{job_id}/candidates?status=failed&amp;phase=search"' in page


def test_who_may_only_read_is_offered_nothing_to_do(database: Database, tmp_path: Path) -> None:
    _, reader = make_token(database, "somebody", scopes=["read"])
    _, writer = make_token(database, "somebody", scopes=["read", "submit"])
    with serving(tmp_path, database, require_token=True) as running:
        job_id = running.client.post("/v1/jobs", json={"dataset": "digits-8x8"}, headers=bearer(writer)).json()["id"]
        pages = [running.client.get(f"/jobs/{job_id}", headers=bearer(token)).text for token in (reader, writer)]

    assert ['id="actions"' in page for page in pages] == [False, True]


def test_what_is_compared_must_be_the_callers_own(browser: httpx.Client, database: Database) -> None:
    first, second = submit(database), submit(database, seed=3)

    assert browser.get(f"/compare?job={first}&job={second}").status_code == 200
    assert browser.get(f"/compare?job={first}&job=nothing").status_code == 404
    assert browser.get("/compare/best-so-far?job=nothing").status_code == 404
    assert browser.get("/compare/best-so-far").status_code == 422
    assert "Choose two to four" in browser.get(f"/compare?job={first}").text
    assert "5 jobs are too many" in browser.get("/compare?" + "&".join(f"job=a{n}" for n in range(5))).text


def test_ten_thousand_candidates_are_not_on_the_page(browser: httpx.Client, database: Database) -> None:
    job_id = job_with(database, 10_000)

    page = browser.get(f"/jobs/{job_id}")

    assert page.status_code == 200
    assert len(page.content) < 60_000


def test_an_unknown_job_is_not_there(browser: httpx.Client) -> None:
    assert browser.get("/jobs/nothing").status_code == 404


def test_pages_load_nothing_from_other_hosts_and_run_no_inline_code(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)

    for path in ("/", f"/jobs/{job_id}"):
        page = browser.get(path)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
        assert not re.findall(r"<script(?![^>]* src=)", page.text)
        assert "default-src 'self'" in page.headers["content-security-policy"]
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert browser.get(address).status_code == 200


def verdict_tables(verdict: Verdict) -> str:
    return templates.env.get_template("_verdict.html").render(verdict=verdict)


def _without_spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
