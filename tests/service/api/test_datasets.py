import httpx
import pytest

from service.data.built_in import BUILT_IN
from service.store.database import Database
from service.store.dataset_repository import DatasetRepository
from service.store.entities import DatasetRow
from tests.service.api.serving import InProcess, problem_of


def test_the_built_in_data_sets(client: httpx.Client) -> None:
    page = client.get("/v1/datasets").json()

    assert [dataset["name"] for dataset in page["datasets"]] == sorted(BUILT_IN)
    assert page["next_page_token"] is None
    for dataset in page["datasets"]:
        assert dataset.items() <= client.get(f"/v1/datasets/{dataset['name']}").json().items()
        assert dataset["fingerprint"] is None


def test_pages(client: httpx.Client) -> None:
    first = client.get("/v1/datasets", params={"page_size": 1}).json()
    second = client.get("/v1/datasets", params={"page_size": 1, "page_token": first["next_page_token"]}).json()

    assert [page["datasets"][0]["name"] for page in (first, second)] == sorted(BUILT_IN)[:2]


def test_the_fingerprint_of_what_a_runner_has_read(running: InProcess, database: Database) -> None:
    dataset = BUILT_IN["digits-8x8"]
    row = DatasetRow(
        dataset.name, dataset.title, dataset.task, dataset.input_shape, dataset.class_names, 1, 1, 1, "ab" * 32, "x"
    )
    with database.write() as session:
        DatasetRepository(session).save(row)

    told = running.client.get("/v1/datasets/digits-8x8").json()

    assert told["fingerprint"] == "ab" * 32
    assert told["prepared_at"].endswith("Z")


@pytest.mark.parametrize("name", ["mnist", "DIGITS-8X8", "%00", "..%2Fdigits-8x8", "x" * 3_000, "%F0%9F%98%80"])
def test_unknown_names(client: httpx.Client, name: str) -> None:
    problem_of(client.get(f"/v1/datasets/{name}"), 404)


def test_a_data_set_for_regression_names_its_target(client: httpx.Client) -> None:
    told = client.get("/v1/datasets/diabetes").json()
    digits = client.get("/v1/datasets/digits-8x8").json()

    assert (told["task"], told["class_names"], told["target"]) == ("regression", [], "disease progression")
    assert (digits["task"], digits["class_names"][0], digits["target"]) == ("classification", "0", None)
