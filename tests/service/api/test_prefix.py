"""The service below a path: a proxy may pass the path on, or cut it off."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from service.settings import Settings
from service.store.database import Database
from tests.service.api.serving import calling


@pytest.fixture
def below(tmp_path: Path, sqlite_url: str, portal: BlockingPortal) -> Iterator[httpx.Client]:
    database = Database(sqlite_url)
    with calling(tmp_path, database, portal, root_path="/team/cambrian") as inside:
        yield inside.client
    database.close()


@pytest.mark.parametrize("passed_on", ["/team/cambrian", ""])
def test_a_proxy_may_pass_the_prefix_on_or_cut_it_off(below: httpx.Client, passed_on: str) -> None:
    page = below.get(f"{passed_on}/")
    made = below.post(f"{passed_on}/v1/jobs", json={"dataset": "digits-8x8"})

    assert 'href="/team/cambrian/static/style.css"' in page.text
    assert 'href="/static' not in page.text
    assert below.get(f"{passed_on}/static/style.css").status_code == 200
    assert below.get(f"{passed_on}/healthz").status_code == 200
    assert made.status_code == 202
    assert made.headers["Location"] == f"/team/cambrian/v1/jobs/{made.json()['id']}"
    assert below.get(f"{passed_on}/v1/jobs/{made.json()['id']}").status_code == 200


def test_a_problem_names_the_address_of_its_page(below: httpx.Client) -> None:
    problem = below.get("/v1/jobs/nothing").json()

    assert problem["type"] == "/team/cambrian/problems/job-not-found"
    assert below.get(problem["type"]).status_code == 200


@pytest.mark.parametrize("path", ["cambrian", "/", "/cambrian/", "/a b", "//host", "/a?b", "http://host/x"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="must be a path that begins with /"):
        Settings(root_path=path)
