"""The form of a new job, as the browser gets it."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from service.client import DEFAULT_URL
from service.dashboard import new
from service.dashboard.job_form import leaves
from service.job_request import JobRequest
from service.store.database import Database
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import InProcess, calling, submit
from tests.service.data.tables import flowers

pytestmark = pytest.mark.slow

HOSTILE = "\"><script>alert(1)</script> & 'more'"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture
def running(database: Database, tmp_path: Path, portal: BlockingPortal) -> Iterator[InProcess]:
    with calling(tmp_path, database, portal, webhooks=True) as called:
        yield called


@pytest.fixture
def client(running: InProcess) -> httpx.Client:
    return running.client


def input_of(page: str, field: str) -> str:
    found = re.search(rf'<(?:input|select|textarea)[^>]* id="{field}"[^>]*>', page)

    assert found is not None

    return html.unescape(found[0])


def test_every_field_of_a_request_is_in_the_page(client: httpx.Client) -> None:
    page = client.get("/new")

    assert page.status_code == 200
    assert set(re.findall(r'data-pointer="([^"]+)"', page.text)) == {leaf.pointer for leaf in leaves(JobRequest)}


def test_each_field_has_a_label_and_places_for_hint_and_fault(client: httpx.Client) -> None:
    page = client.get("/new").text
    ids = set(re.findall(r' id="([^"]+)"', page))

    assert len(ids) == len(re.findall(r' id="([^"]+)"', page))
    for described in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
        assert set(described.split()) <= ids
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= ids


def test_own_data_sets_can_be_chosen(client: httpx.Client) -> None:
    client.put("/v1/datasets/flowers", content=flowers(), headers=CSV, params={"title": HOSTILE})

    page = client.get("/new", params={"dataset": "flowers"}).text

    assert re.search(r'data-name="flowers" data-task="classification" selected', page)
    assert re.search(r'data-name="digits-8x8" data-task="classification" data-images>', page)
    assert "<script>alert" not in page


def test_a_data_set_that_is_not_there_is_told_and_another_one_chosen(client: httpx.Client) -> None:
    page = client.get("/new", params={"dataset": HOSTILE}).text

    assert "is not there (any more)" in page
    assert "alert(1)" not in page
    assert re.search(r'data-name="digits-16x16"[^>]* selected', page)


def test_a_job_fills_the_form_and_its_names_are_text(client: httpx.Client) -> None:
    job = submit(client, name=HOSTILE, dataset="iris", seed=2**63 - 1, training={"epochs": 5}, budget={"epochs": 90})

    page = client.get("/new", params={"clone": job["id"]}).text

    assert "<script>alert" not in page
    assert f'value="{HOSTILE}"' in input_of(page, "name")
    assert 'value="9223372036854775807"' in input_of(page, "seed")
    assert 'value="5"' in input_of(page, "training-epochs")
    assert 'value="/budget/epochs" checked' in page
    assert re.search(r'data-name="iris"[^>]* selected', page)
    # What the service filled in is not taken for what was asked for.
    assert '<option value="null" selected>' in page


def test_a_name_that_follows_from_the_job_is_not_kept(client: httpx.Client) -> None:
    job = submit(client, dataset="iris")

    assert 'value=""' in input_of(client.get("/new", params={"clone": job["id"]}).text, "name")


def test_a_copy_of_a_job_whose_data_are_gone_asks_for_others(client: httpx.Client) -> None:
    client.put("/v1/datasets/flowers", content=flowers(), headers=CSV).raise_for_status()
    job = submit(client, dataset="flowers")
    client.post(f"/v1/jobs/{job['id']}/cancel").raise_for_status()
    client.delete("/v1/datasets/flowers").raise_for_status()

    page = client.get("/new", params={"clone": job["id"]})

    assert page.status_code == 200
    assert "is not there (any more)" in page.text


def test_nobody_copies_the_job_of_another_owner(database: Database, tmp_path: Path, portal: BlockingPortal) -> None:
    _, adas = make_token(database, "ada")
    _, bobs = make_token(database, "bob")
    with calling(tmp_path, database, portal, require_token=True) as called:
        body = {"dataset": "iris", "name": "a secret"}
        job = called.client.post("/v1/jobs", json=body, headers=bearer(adas)).json()
        own, others, none = (
            called.client.get("/new", params={"clone": name}, headers=bearer(secret)).text
            for name, secret in ((job["id"], adas), (job["id"], bobs), ("nothing", bobs))
        )

    assert 'value="a secret"' in own
    assert "a secret" not in others
    assert others == none
    assert "data-token" in own


def test_without_webhooks_there_are_no_fields_for_them(
    database: Database, tmp_path: Path, portal: BlockingPortal
) -> None:
    with calling(tmp_path, database, portal) as called:
        assert "/webhook" not in called.client.get("/new").text


def test_below_a_path_all_addresses_begin_with_it(database: Database, tmp_path: Path, portal: BlockingPortal) -> None:
    with calling(tmp_path, database, portal, root_path="/below") as called:
        for path in ("/below/new", "/below/datasets", "/below/datasets/iris"):
            page = called.client.get(path)

            assert page.status_code == 200
            assert re.findall(r'(?:href|src)="/(?!below/)', page.text) == []


def test_without_scripts_the_page_says_what_to_do(client: httpx.Client) -> None:
    page = client.get("/new", params={"dataset": "iris"}).text
    noscript = html.unescape(page[page.index("<noscript>") : page.index("</noscript>")])

    assert "needs JavaScript" in noscript
    assert """--data-raw '{"dataset": "iris"}' http://127.0.0.1:8642/v1/jobs""" in noscript


def test_the_default_address_is_that_of_the_command_line() -> None:
    assert new.DEFAULT_URL == DEFAULT_URL
