"""The pages of candidates and the playground as the service sends them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from evolution.limits import OUT_OF_MEMORY, WORKER_DIED
from service.dashboard.candidate import advice_for
from service.dashboard.candidate_curves import NamedCurve, curves_figure, curves_table
from service.dashboard.playground import FRAMES, film
from service.store.database import Database
from service.store.progress import Improvement
from tests.service.api.serving import calling, problem_of
from tests.service.examination.searches import searched

pytestmark = pytest.mark.slow


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with start_blocking_portal() as portal, calling(tmp_path, database, portal) as called:
        yield called.client


def test_the_page_of_a_candidate(client: httpx.Client, database: Database) -> None:
    job = searched(database, pending=True)

    page = client.get(f"/jobs/{job.id}/candidates/2")

    assert page.status_code == 200
    assert "Candidate 2: 2-[16 relu, 8 relu]-2" in page.text
    assert f'href="/jobs/{job.id}/candidates/3"' in page.text
    assert f'data-path="/v1/jobs/{job.id}/candidates/2/examination?phase=search"' in page.text
    waiting = client.get(f"/jobs/{job.id}/candidates/4").text
    assert "pending" in waiting
    assert "data-path" not in waiting
    problem_of(client.get(f"/jobs/{job.id}/candidates/5"), 404, "candidate-not-found")
    problem_of(client.get(f"/jobs/{job.id}/candidates/x"), 404, "candidate-not-found")
    problem_of(client.get("/jobs/0/candidates/0"), 404, "job-not-found")


def test_links_keep_the_phase(client: httpx.Client, database: Database) -> None:
    job = searched(database, "iris", phase="final")

    page = client.get(f"/jobs/{job.id}/candidates/2", params={"phase": "final"})

    assert f'href="/jobs/{job.id}/candidates/1?phase=final"' in page.text
    problem_of(client.get(f"/jobs/{job.id}/candidates/2"), 404, "candidate-not-found")


def test_the_curves_of_a_candidate(client: httpx.Client, database: Database) -> None:
    job = searched(database)
    best = max(range(4), key=lambda number: job.evaluations[number].fitness or 0.0)
    other = 3 if best != 3 else 2
    path = f"/jobs/{job.id}/candidates/{other}/curves"

    answer = client.get(path)
    names = [trace["name"] for trace in answer.json()["data"]]
    assert names[0] == f"candidate {other}"
    assert names[-1] == "median of 4"
    assert any(name.startswith(f"the best, {best}") for name in names)
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    lines = client.get(path, params={"format": "csv"}).text.splitlines()
    rows = client.get(path, params={"format": "json"}).json()["rows"]
    assert len(lines) - 1 == len(rows) == sum(len(trace["x"]) for trace in answer.json()["data"])


def test_the_playground_is_for_two_features(client: httpx.Client, database: Database) -> None:
    spirals, iris = searched(database), searched(database, "iris")

    page = client.get(f"/jobs/{spirals.id}/playground")
    assert page.status_code == 200
    assert f'data-job="{spirals.id}"' in page.text
    assert f"/jobs/{iris.id}/playground" not in client.get(f"/jobs/{iris.id}/candidates/0").text
    problem_of(client.get(f"/jobs/{iris.id}/playground"), 404, "not-found")


def test_a_drawing_stands_alone(client: httpx.Client, database: Database) -> None:
    job = searched(database)

    part = client.get(f"/jobs/{job.id}/candidates/1/drawing").text

    assert "<svg" in part
    assert "<html" not in part


def test_a_film_is_no_longer_than_its_trainings_may_be() -> None:
    short, long = (tuple(Improvement(number, number / 1000) for number in range(count)) for count in (40, 133))

    assert film(short) == short
    assert len(film(long)) == len(set(film(long))) == FRAMES
    assert (film(long)[0], film(long)[-1]) == (long[0], long[-1])


@pytest.mark.parametrize(
    ("error", "part"),
    [
        ("diverged in epoch 2", "training.learning_rate"),
        ("timeout: the training was not over after 5 s", "limits.seconds"),
        (OUT_OF_MEMORY, "memory"),
        ("out_of_memory: the training would take 9 bytes, the limit is 8", "memory"),
        (WORKER_DIED, "ended twice"),
    ],
)
def test_every_failure_has_a_way_out(error: str, part: str) -> None:
    assert part in advice_for(error)


def test_curves_are_drawn_under_their_names() -> None:
    curves = [NamedCurve("candidate 3", "own", [0.5, 0.75, 0.7]), NamedCurve("median of 9", "median", [0.4])]

    figure = curves_figure(curves, "accuracy")

    assert [trace["y"] for trace in figure["data"]] == [[0.5, 0.75, 0.7], [0.4]]
    assert figure["layout"]["meta"]["summary"].endswith("candidate 3 reaches 75.0 % in epoch 2")
    # A single point makes no line.
    assert [trace["mode"] for trace in figure["data"]] == ["lines", "lines+markers"]
    assert curves_table(curves, "r2", "search")["rows"][3] == ["median of 9", 1, 0.4]
