"""What the page offers for each kind of data; what it does is for tests/browser/test_try.py."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.architecture import Architecture, Dense
from core.network import Network
from service.access.caller import LOCAL_OWNER
from service.data.category_input import CategoryInput
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.store.database import Database
from tests.service.api.serving import Running, serving, submit
from tests.service.data.tables import flowers
from tests.service.models import finished, found_networks
from tests.service.runner.jobs import SMALL, execute, settings_for

pytestmark = pytest.mark.slow

NETWORKS = found_networks()
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, database) as started:
        yield started


def page(served: Running, job_id: str) -> str:
    answer = served.client.get(f"/jobs/{job_id}/try")

    assert answer.status_code == 200, answer.text

    return answer.text


def test_numbers_without_names_have_a_field_each(served: Running, database: Database) -> None:
    html = page(served, finished(database, NETWORKS["dense"], owner=LOCAL_OWNER).job_id)

    # The job is on iris, whose four columns have names; the fifth number of this network has none.
    assert "petal width (cm)" in html
    assert "number 5" in html
    assert html.count('class="field"') == 5
    assert "only the winner's network is kept" in html
    assert "found by evolution · accuracy 90.0 % on test rows" in html.replace("<bdi>", "").replace("</bdi>", "")


def test_names_of_columns_are_text(served: Running, database: Database) -> None:
    encoder = Encoder(
        (
            NumberInput(EVIL, "moment", 19_000.0, False, 0.0, 1.0, -1e6, 1e6),
            CategoryInput("kind", (EVIL, '"'), EVIL, False),
        ),
        refuses_missing=True,
    )
    network = Network(Architecture((3,), (Dense(2, "relu"),), 3))
    html = page(served, finished(database, network, owner=LOCAL_OWNER, encoder=encoder).job_id)

    assert EVIL not in html
    assert "&lt;script&gt;" in html
    assert "such as 2022-01-08" in html
    # Where missing cells were refused, there is none to choose.
    assert "(missing)" not in html


def test_a_wide_row_has_so_many_fields_as_help(served: Running, database: Database) -> None:
    network = Network(Architecture((700,), (), 3))
    html = page(served, finished(database, network, owner=LOCAL_OWNER).job_id)

    assert html.count('class="field"') == 200


def test_jobs_that_cannot_be_asked_say_why(served: Running, database: Database) -> None:
    tampered = finished(database, NETWORKS["dense"], owner=LOCAL_OWNER, failures=["npz"])
    queued = str(submit(served.client)["id"])

    assert "this network does not answer: it was tampered with" in page(served, tampered.job_id)
    assert "once the job has ended; it is queued" in page(served, queued)

    served.client.post(f"/v1/jobs/{queued}/cancel")

    assert "the job was cancelled, so it has no network" in page(served, queued)
    assert served.client.get("/jobs/nothing/try").status_code == 404


@pytest.mark.slow
def test_an_uploaded_table_offers_rows_of_its_file(served: Running, database: Database, database_url: str) -> None:
    client = served.client
    client.put("/v1/datasets/flowers", content=flowers(), headers={"Content-Type": "text/csv"}).raise_for_status()
    job_id = client.post("/v1/jobs", json={**SMALL, "dataset": "flowers"}).json()["id"]
    job = execute(database, settings_for(database_url, served.folder), job_id)

    assert job.status == "succeeded", job.error

    html = page(served, job_id)
    assert html.count('class="example"') == 6
    assert 'data-answer="daisy"' in html
    assert "Runner-up" in html
    assert "Logistic regression" in html
    told = client.post(f"/v1/jobs/{job_id}/ask", json={"row": {"length": 0.1, "width": 5.2, "soil": "clay"}}).json()
    assert [one["role"] for one in told["networks"]] == ["winner", "runner_up", "linear"]

    # The networks stay when their data goes; only the examples are gone.
    client.delete("/v1/datasets/flowers").raise_for_status()
    html = page(served, job_id)
    assert "example" not in html
    assert html.count('class="field"') == 3


@pytest.mark.slow
def test_arrays_are_drawn_on_their_own_scale(
    served: Running, database: Database, database_url: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 4, (90, 6, 6)).astype(np.float32) - 1
    images[::2, :3] = 3
    path = tmp_path / "arrays.npz"
    np.savez(path, X=images, y=np.arange(90) % 2)
    client = served.client
    answer = client.put(
        "/v1/datasets/squares", content=path.read_bytes(), headers={"Content-Type": "application/octet-stream"}
    )

    assert answer.status_code == 201, answer.text

    job_id = client.post("/v1/jobs", json={**SMALL, "dataset": "squares"}).json()["id"]
    job = execute(database, settings_for(database_url, served.folder), job_id)

    assert job.status == "succeeded", job.error
    assert "Draw, or choose a picture" in page(served, job_id)
    assert page(served, job_id).count('class="example"') == 2
    drawing = {"width": 2, "height": 1, "pixels": [0, 255]}
    told = client.post(f"/v1/jobs/{job_id}/ask", json={"drawing": drawing}).json()
    assert told["prepared"] == [[-1.0] * 3 + [3.0] * 3] * 6
