"""The pages of the data sets, as the browser gets them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from service.data.built_in import BUILT_IN
from service.store.database import Database
from tests.service.api.serving import InProcess, calling, submit
from tests.service.data.files import npz_file, pictures_file
from tests.service.data.tables import flowers

pytestmark = pytest.mark.slow

SCRIPT = "<script>alert(1)</script>"
OVERRIDE = "\u202e"


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture
def running(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    with calling(tmp_path, database, portal) as called:
        yield called


@pytest.fixture
def client(running: InProcess) -> httpx.Client:
    return running.client


def upload(client: httpx.Client, content: bytes, name: str = "flowers", **options: str) -> None:
    kind = {"Content-Type": "application/octet-stream"}
    client.put(f"/v1/datasets/{name}", content=content, params=options, headers=kind).raise_for_status()


def test_the_list_shows_all_that_a_job_may_name(client: httpx.Client) -> None:
    upload(client, flowers(), title=f"{SCRIPT}.csv")

    page = client.get("/datasets").text

    for name in (*BUILT_IN, "flowers"):
        assert f'href="/datasets/{name}"' in page
        assert f'href="/new?dataset={name}"' in page
    assert re.findall(r'data-delete="([^"]+)"', page) == ["flowers"]
    assert SCRIPT not in page


def test_a_long_list_has_further_pages(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.dashboard.datasets.SHOWN_DATASETS", 4)
    first = client.get("/datasets").text
    address = html.unescape(re.findall(r'href="(/datasets\?page_token=[^"]+)"', first)[0])
    second = client.get(address).text

    names = [re.findall(r'<th scope="row"><a href="/datasets/([^"]+)"', page) for page in (first, second)]
    assert names == [sorted(BUILT_IN)[:4], sorted(BUILT_IN)[4:]]
    assert 'id="upload"' not in second


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_each_built_in_data_set_shows_rows_or_pictures(client: httpx.Client, name: str) -> None:
    page = client.get(f"/datasets/{name}")
    known = BUILT_IN[name]

    assert page.status_code == 200
    assert page.text.count("data:image/png;base64,") == (20 if len(known.input_shape) > 1 else 0)
    assert ("<caption>Some of the rows" in page.text) == (len(known.input_shape) == 1)
    assert f"{sum(known.rows):,}" in page.text
    assert "data-delete" not in page.text


def test_a_table_shows_its_columns_its_faults_and_its_rows(client: httpx.Client) -> None:
    upload(client, flowers(), target="flower", ignored_columns="soil")
    known = client.get("/v1/datasets/flowers").json()

    page = html.unescape(client.get("/datasets/flowers").text)

    for column in known["columns"]:
        assert f"<bdi>{column['name']}</bdi>" in page
        assert column["use"] in page
    assert known["findings"]
    for finding in known["findings"]:
        assert f'class="finding {finding["severity"]}"' in page
        assert finding["sentence"] in page
    assert known["fingerprint"] in page
    assert "Option <code>ignored_columns</code></dt><dd><bdi>soil</bdi>" in re.sub(r"\s*\n\s*", "", page)
    # What nobody asked for is not told as if it had been.
    assert "Option <code>missing" not in page
    # The target comes first in the table of rows, with the word.
    assert re.search(r'<bdi>flower</bdi>\s*<span class="label">target', page)


@pytest.mark.slow
def test_what_stands_in_a_file_is_text_alone_and_long_text_is_folded(client: httpx.Client) -> None:
    name = SCRIPT + "x" * 150
    rows = "".join(f"{OVERRIDE}{SCRIPT}{place % 7},{'y' * 10_000},{place % 2}\n" for place in range(40))
    upload(client, f"{name},long,class\n{rows}".encode(), title=f"{SCRIPT} title")

    for path in ("/datasets", "/datasets/flowers", "/datasets/flowers/preview", "/new?dataset=flowers"):
        page = client.get(path)

        assert page.status_code == 200
        assert SCRIPT not in page.text
        # Text that turns the direction of what follows stands in an element that ends it.
        outside = re.sub(r"<bdi>[^<]*</bdi>", "", page.text)
        assert OVERRIDE not in outside
    page_text = html.unescape(client.get("/datasets/flowers").text)
    assert f"<bdi>{name[:24]}…</bdi></summary><bdi>{name}</bdi>" in page_text
    assert "y" * 200 not in page_text


def test_images_are_shown_with_their_classes(client: httpx.Client, tmp_path: Path) -> None:
    upload(client, pictures_file(tmp_path).read_bytes(), "pets")

    page = client.get("/datasets/pets").text
    count = client.get("/v1/datasets/pets").json()["rows"]

    assert page.count("data:image/png;base64,") == min(20, sum(count.values()))
    assert "<bdi>cats</bdi>" in page


def test_images_with_amounts_are_shown_with_these(client: httpx.Client, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    file = npz_file(tmp_path, X=rng.random((40, 3, 8, 8)), y=rng.random(40) + 0.125)
    upload(client, file.read_bytes(), "colors")

    page = client.get("/datasets/colors").text

    assert page.count("data:image/png;base64,") == 20
    assert "a number" in page


def test_pictures_that_lie_elsewhere_are_told(client: httpx.Client, tmp_path: Path) -> None:
    upload(client, pictures_file(tmp_path).read_bytes(), "pets")
    for path in (tmp_path / "datasets").rglob("*.npz"):
        path.unlink()

    page = client.get("/datasets/pets")

    assert page.status_code == 200
    assert "Its rows cannot be shown here: its prepared file is missing" in page.text


def test_the_jobs_on_it_are_named(client: httpx.Client) -> None:
    upload(client, flowers())
    job = submit(client, dataset="flowers", name=SCRIPT)
    submit(client, dataset="iris", name="on other data")

    page = client.get("/datasets/flowers").text

    assert f'href="/jobs/{job["id"]}"' in page
    assert "on other data" not in page
    assert SCRIPT not in page


def test_what_is_not_there_is_not_found(client: httpx.Client) -> None:
    assert client.get("/datasets/nothing").status_code == 404
    assert client.get("/datasets/nothing/preview").status_code == 404
