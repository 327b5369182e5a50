"""The list of candidates as a page, and how its address is read."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.dashboard.candidate_table import PAGE_SIZE, read_wish
from service.store.candidate_list import CandidateFilter, operators_of
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from tests.service.api.serving import serving
from tests.service.runner.jobs import submit
from tests.service.store.many_candidates import job_with
from tests.service.store.samples import candidate, claim, evaluation

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x> \N{RIGHT-TO-LEFT OVERRIDE}" + "y" * 5_000


@pytest.fixture
def browser(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path, database) as running:
        yield running.client


def rows(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<th scope="row" class="number"><a href="[^"]*">(\d+)</a>', page)]


def test_fields_left_empty_mean_nothing() -> None:
    wish = read_wish({"status": "", "layers": "", "operator": " ", "min_parameters": "", "sort": "", "phase": ""})

    assert (wish.wanted, wish.phase, wish.sort, wish.after, wish.faults) == (
        CandidateFilter(),
        "search",
        "number",
        None,
        {},
    )
    assert not wish.filtered
    assert wish.query() == ""


def test_an_address_is_read_and_written_alike() -> None:
    query = {"phase": "final", "sort": "fitness", "status": "evaluated", "layers": "2", "operator": "widen+swap"}
    wish = read_wish({**query, "min_parameters": "10", "max_parameters": "99", "after": "7", "utm_source": "mail"})

    assert wish.wanted == CandidateFilter("evaluated", 2, "widen+swap", 10, 99)
    assert (wish.phase, wish.sort, wish.after) == ("final", "fitness", 7)
    assert dict(httpx.QueryParams(wish.query(after=50).removeprefix("?")).items()) == {
        **query,
        "min_parameters": "10",
        "max_parameters": "99",
        "after": "50",
    }


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("layers", "two", "must be a whole number from 0 to 1,000"),
        ("layers", "1001", "must be a whole number from 0 to 1,000"),
        ("min_parameters", "-1", "must be a whole number from 0 to 1,000,000,000,000"),
        ("max_parameters", "\N{SUPERSCRIPT TWO}", "must be a whole number from 0 to 1,000,000,000,000"),
        ("after", "9" * 30, "must be a whole number from 0 to 1,000,000,000,000,000,000"),
        ("status", "done", "must be one of pending, evaluated, failed"),
        ("sort", "luck", "must be one of number, fitness, parameters"),
        ("phase", "later", "must be one of search, baseline, finalists, final"),
        ("operator", "x" * 201, "must be at most 200 characters"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(field: str, text: str, told: str) -> None:
    wish = read_wish({field: text})

    assert wish.faults == {field: told}
    assert wish.wanted == CandidateFilter()


def test_a_wrong_filter_keeps_what_was_written_and_shows_the_list(browser: httpx.Client, database: Database) -> None:
    job_id = job_with(database, 60)
    answer = browser.get(f"/jobs/{job_id}/candidates", params={"layers": '"><script>x</script>', "sort": "luck"})

    assert answer.status_code == 200
    assert "<script>x" not in answer.text
    assert "must be a whole number from 0 to 1,000" in answer.text
    assert "sort must be one of" in answer.text
    assert len(rows(answer.text)) == PAGE_SIZE


def test_pages_follow_each_other_under_the_same_filters(browser: httpx.Client, database: Database) -> None:
    job_id = job_with(database, 400)
    address = f"/jobs/{job_id}/candidates?status=evaluated&sort=fitness&layers=1"
    seen: list[int] = []
    while address:
        page = browser.get(address).text
        seen += rows(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(following[1]) if following else ""

    wanted = {number for number in range(400) if number % 4 == 1 and number % 50 not in {0, 1}}
    assert len(seen) == len(wanted)
    assert set(seen) == wanted


def test_a_row_tells_all_of_a_candidate(browser: httpx.Client, database: Database) -> None:
    job_id = submit(database)
    lease = claim(database)
    assert lease is not None
    first, second = (
        candidate(0, 8, operator="anchor"),
        candidate(1, 16, operator="crossover+swap", parents=(0,), replicates=2),
    )
    lost = candidate(2, 4, operator="narrow", parents=(0, 1))
    results = [
        evaluation(first, 0.5),
        evaluation(second, 0.75, scores=(0.7, 0.8), seconds=1.25),
        evaluation(lost, None, error=HOSTILE),
    ]
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [first, second, lost, candidate(3, 5)], results)
    page = browser.get(f"/jobs/{job_id}/candidates").text
    told = html.unescape(page)

    assert rows(page) == [0, 1, 2, 3]
    assert "75.0 % <small>± 5.00 %</small>" in told
    assert "crossover + swap" in told
    assert f'<a href="/jobs/{job_id}/candidates/0">0</a>, <a href="/jobs/{job_id}/candidates/1">1</a>' in told
    assert ">1.25</td>" in told
    assert "vm pid 17 ü" in told
    assert '<span class="failed">failed</span>' in told
    assert '<span class="queued">pending</span>' in told
    assert "<img" not in page.split("<main")[1]
    assert "y" * 400 not in page
    assert page.count('class="thumbnail"') == 4


def test_empty_lists_say_what_to_do(browser: httpx.Client, database: Database) -> None:
    job_id = job_with(database, 20)

    assert "No candidate of this phase passes these filters" in browser.get(f"/jobs/{job_id}/candidates?layers=77").text
    assert "There are no candidates after 500" in browser.get(f"/jobs/{job_id}/candidates?after=500").text
    assert "This phase has not begun yet" in browser.get(f"/jobs/{job_id}/candidates?phase=final").text
    assert browser.get("/jobs/nothing/candidates").status_code == 404


def test_operators_to_choose_from_are_found_one_by_one(database: Database) -> None:
    job_id = job_with(database, 30)
    with database.read() as session:
        assert operators_of(session, job_id, "search") == ("draw", "widen")
        assert operators_of(session, job_id, "search", most=1) == ("draw",)
        assert operators_of(session, job_id, "final") == ()
