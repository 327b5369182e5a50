import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.access.caller import Caller
from service.api.context import _caller
from service.api.upload_head import LABEL_CHARACTERS, label_of
from service.app import create_app
from service.data.built_in import BUILT_IN
from service.settings import Settings
from service.store.database import Database
from service.store.uploaded_dataset_repository import UploadedDatasetRepository
from tests.service.api.serving import AsgiBridge, InProcess, Running, pointers, problem_of, submit
from tests.service.data.tables import flowers

# Each file is read in a process of its own.
pytestmark = pytest.mark.slow

CSV = {"Content-Type": "text/csv"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the service of `running` keeps its files."""
    return tmp_path / "datasets"


@pytest.fixture
def refusing(shared: Running) -> Iterator[httpx.Client]:
    """A client whose uploads are all refused, and so leave nothing."""
    before = files(shared.folder / "datasets")
    yield shared.client

    assert files(shared.folder / "datasets") == before
    problem_of(shared.client.get("/v1/datasets/flowers"), 404)


def put(client: httpx.Client, name: str = "flowers", content: bytes | None = None, **options: Any) -> httpx.Response:
    headers = options.pop("headers", CSV)
    return client.put(
        f"/v1/datasets/{name}", content=flowers() if content is None else content, headers=headers, params=options
    )


def post(client: httpx.Client, content: bytes | None = None, **fields: Any) -> httpx.Response:
    file_name = fields.pop("file_name", "Flowers.csv")
    media_type = fields.pop("media_type", "text/csv")
    file = (file_name, flowers() if content is None else content, media_type)
    return client.post("/v1/datasets", data={"name": "flowers", **fields}, files={"file": file})


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def created(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text

    dataset: dict[str, Any] = answer.json()
    return dataset


def test_a_file_becomes_a_data_set(running: InProcess, folder: Path) -> None:
    answer = put(running.client, title="Flowers of the garden", target="flower")

    dataset = created(answer)
    digest = hashlib.sha256(flowers()).hexdigest()
    assert answer.headers["Location"] == "/v1/datasets/flowers"
    assert dataset["title"] == "Flowers of the garden"
    assert dataset["origin"] == "uploaded"
    assert dataset["task"] == "classification"
    assert dataset["file"] == {"kind": "csv", "bytes": len(flowers()), "sha256": digest}
    assert dataset["class_names"] == ["daisy", "rose", "tulip"]
    assert dataset["class_counts"] == [30, 30, 30]
    assert sum(dataset["rows"].values()) == 90
    assert dataset["target"] == "flower"
    assert [column["name"] for column in dataset["columns"]] == ["length", "width", "soil", "flower"]
    assert dataset["columns"][0]["missing"] == 9
    assert len(dataset["preview"]) == 10
    assert len(dataset["fingerprint"]) == 64
    assert digest in files(folder)
    assert len(files(folder)) == 2
    again = running.client.get("/v1/datasets/flowers")
    assert again.json() == dataset
    assert again.headers["ETag"] == answer.headers["ETag"]


def test_a_number_to_predict(running: InProcess) -> None:
    rows = [f"{row % 37}.5,{(row * 7) % 101}.25" for row in range(60)]

    dataset = created(put(running.client, "prices", "\n".join(["size,price", *rows]).encode()))

    assert (dataset["task"], dataset["target"]) == ("regression", "price")
    assert dataset["class_names"] == dataset["class_counts"] == []


@pytest.mark.slow
def test_a_form_gives_the_same(running: InProcess) -> None:
    by_form = created(post(running.client, options=json.dumps({"target": "flower", "text_columns": []})))
    running.client.delete("/v1/datasets/flowers").raise_for_status()
    by_put = created(put(running.client, title="Flowers.csv", target="flower"))

    assert by_form.pop("prepared_at") != by_put.pop("prepared_at")
    assert by_form == by_put


def test_the_same_file_again_is_the_data_set_that_is_there(running: InProcess, folder: Path) -> None:
    first = created(put(running.client))

    assert created(put(running.client), 200) == first
    assert created(put(running.client, headers={"Content-Type": "application/octet-stream"}), 200) == first
    assert created(put(running.client, title="Another label", kind="csv"), 200) == first
    assert created(post(running.client), 200) == first
    assert len(files(folder)) == 2


@pytest.mark.slow
def test_a_file_under_two_names_is_stored_once(running: InProcess, folder: Path) -> None:
    created(put(running.client))
    created(put(running.client, "flowers-2"))

    assert len(files(folder)) == 2

    created(put(running.client, "flowers-3", missing="impute", ignored_columns=["soil"]))

    assert len(files(folder)) == 3
    running.client.delete("/v1/datasets/flowers").raise_for_status()
    assert len(files(folder)) == 3
    running.client.delete("/v1/datasets/flowers-3").raise_for_status()
    assert len(files(folder)) == 2
    running.client.delete("/v1/datasets/flowers-2").raise_for_status()
    assert files(folder) == []


@pytest.mark.parametrize("changes", [{"content": flowers(seed=2)}, {"ignored_columns": ["soil"]}, {"split_seed": 7}])
def test_a_name_stays_what_it_is(running: InProcess, changes: dict[str, Any], folder: Path) -> None:
    first = created(put(running.client))

    problem = problem_of(put(running.client, **changes), 409, "dataset-exists")

    assert "another name" in problem["detail"]
    assert "delete" in problem["detail"]
    assert running.client.get("/v1/datasets/flowers").json() == first
    assert len(files(folder)) == 2


@pytest.mark.slow
def test_files_that_were_lost_come_back_with_the_next_upload(running: InProcess, folder: Path) -> None:
    first = created(put(running.client))
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()

    assert created(put(running.client), 200) == first
    assert len(files(folder)) == 2


def test_the_name_of_a_built_in_data_set_is_taken(refusing: httpx.Client) -> None:
    problem_of(put(refusing, "iris"), 409, "dataset-exists")
    problem_of(post(refusing, name="iris"), 409, "dataset-exists")


@pytest.mark.parametrize("name", ["-a", "A", ".", "a b", "a%2Fb", "%00", "x" * 101, "\N{TULIP}", "a%0A", "CON", "_a"])
def test_names_that_a_data_set_cannot_have(refusing: httpx.Client, name: str) -> None:
    answer = put(refusing, name)

    assert answer.status_code in {404, 405, 415, 422}, answer.text


def test_a_bad_name_is_told_the_rule(refusing: httpx.Client) -> None:
    assert pointers(problem_of(put(refusing, "Flowers"), 422)) == ["name"]
    problem = problem_of(post(refusing, name="Flowers"), 422)
    assert pointers(problem) == ["/name"]
    assert "lower-case" in problem["detail"]


@pytest.mark.parametrize(
    ("file_name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\temp\\CON", "CON"),
        ("a.csv", "a.csv"),
        ("a.csv\n", "a.csv"),
        ("a\0.csv", "a.csv"),
        ("x" * 5_000, "x" * LABEL_CHARACTERS),
        ("<script>.csv", "<script>.csv"),
        ("\N{TULIP}\N{RIGHT-TO-LEFT OVERRIDE}.csv", "\N{TULIP}.csv"),
        ("..", ".."),
        ("", ""),
    ],
)
def test_a_file_name_is_only_a_label(file_name: str, label: str) -> None:
    assert label_of(file_name) == label


def test_files_lie_under_names_of_the_service(client: httpx.Client, shared: Running) -> None:
    dataset = created(post(client, name="passwd", file_name="../../etc/passwd"))

    folder = shared.folder / "datasets"
    assert dataset["title"] == "passwd"
    assert sorted(path.name for path in folder.iterdir()) == ["files", "incoming", "prepared"]
    assert all(len(name.removesuffix(".npz")) == 64 for name in files(folder))
    client.delete("/v1/datasets/passwd").raise_for_status()


def test_a_file_name_that_fills_the_form(refusing: httpx.Client) -> None:
    problem_of(post(refusing, file_name="x" * 5_000), 400, "bad-request")


@pytest.mark.parametrize("title", ["", "a\nb", "\N{RIGHT-TO-LEFT OVERRIDE}", "x" * 201])
def test_labels_that_are_refused(refusing: httpx.Client, title: str) -> None:
    assert pointers(problem_of(put(refusing, title=title), 422)) == ["?title"]


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/csv", PNG),
        ("application/vnd.apache.parquet", flowers()),
        ("application/x-npz", flowers()),
        ("application/zip", flowers()),
        ("application/octet-stream", b"%PDF-1.7\n" + bytes(500)),
        ("image/png", PNG),
        ("text/html", b"<html></html>"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"a=b"),
        ("text/csv; charset=latin-1", flowers()),
        ("x" * 500, flowers()),
    ],
)
def test_files_that_are_not_what_they_are_called(refusing: httpx.Client, media_type: str, content: bytes) -> None:
    answer = put(refusing, content=content, headers={"Content-Type": media_type})

    problem_of(answer, 415, "unsupported-media-type")


def test_the_ending_of_a_file_name_is_a_promise_too(refusing: httpx.Client) -> None:
    answer = post(refusing, PNG, file_name="flowers.csv", media_type="application/octet-stream")

    problem_of(answer, 415, "unsupported-media-type")


def test_promises_that_contradict_each_other(refusing: httpx.Client) -> None:
    problem = problem_of(put(refusing, kind="npz"), 415)

    assert "kind=npz" in problem["detail"]


@pytest.mark.parametrize("content", [b"", b"length,width,flower\n", b"length,width,flower\n1,2,rose\n"])
def test_files_without_rows(refusing: httpx.Client, content: bytes) -> None:
    problem = problem_of(put(refusing, content=content), 422, "invalid-dataset")

    assert problem["detail"]
    problem_of(refusing.get("/v1/datasets/flowers"), 404)


def test_an_option_at_fault_is_named(refusing: httpx.Client) -> None:
    assert pointers(problem_of(put(refusing, target="absent"), 422, "invalid-dataset")) == ["?target"]
    problem = problem_of(post(refusing, options='{"target": "absent"}'), 422, "invalid-dataset")
    assert pointers(problem) == ["/options/target"]


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"task": "clustering"}, "?task"),
        ({"kind": "xls"}, "?kind"),
        ({"missing": "drop"}, "?missing"),
        ({"image_side": "4"}, "?image_side"),
        ({"image_side": "1e3"}, "?image_side"),
        ({"split_seed": "-1"}, "?split_seed"),
        ({"targte": "flower"}, "?targte"),
        ({"target": ["a", "b"]}, "?target"),
        ({"target": "x" * 201}, "?target"),
        ({"text_columns": ["x" * 201]}, "?text_columns"),
    ],
)
def test_options_that_are_refused(refusing: httpx.Client, options: dict[str, Any], pointer: str) -> None:
    assert pointers(problem_of(put(refusing, **options), 422)) == [pointer]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ("[]", 422),
        ("null", 422),
        ('{"format": 2}', 422),
        ('{"task": ["classification"]}', 422),
        ('{"image_side": true}', 422),
        ('{"target": "\\u0000"}', 422),
        ('{"split_seed": NaN}', 400),
        ("{", 400),
        ("", 400),
        ('{"target": "a", "target": "b"}', 422),
        ("[" * 100_000, 422),
        ('{"targte": "flower"}', 422),
    ],
)
def test_options_of_a_form_that_are_refused(refusing: httpx.Client, options: str, status: int) -> None:
    problem_of(post(refusing, options=options), status)


def test_forms_that_are_none(refusing: httpx.Client) -> None:
    client = refusing
    file = ("a.csv", flowers(), "text/csv")

    assert pointers(problem_of(client.post("/v1/datasets", files={"file": file}), 422)) == ["/name"]
    assert pointers(problem_of(client.post("/v1/datasets", data={"name": "a"}, files={"fiel": file}), 422)) == [
        "/fiel",
        "/file",
    ]
    as_text = {"name": (None, b"a"), "file": (None, b"1,2")}
    assert pointers(problem_of(client.post("/v1/datasets", files=as_text), 422)) == ["/file"]
    problem_of(client.post("/v1/datasets", files={"name": file, "file": file}), 400)
    many = {f"field{number}": "x" for number in range(5_000)}
    problem_of(client.post("/v1/datasets", data=many, files={"file": file}), 400)
    problem_of(client.post("/v1/datasets", data={"name": "a", "options": "x" * 200_000}, files={"file": file}), 400)
    for content_type in (
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "y" * 9_000,
    ):
        problem_of(client.post("/v1/datasets", content=b"--z\r\n", headers={"Content-Type": content_type}), 400)
    for other in ("application/json", "application/x-www-form-urlencoded", "text/csv"):
        problem_of(client.post("/v1/datasets", content=b"a=b", headers={"Content-Type": other}), 415)


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
def test_a_digest_is_checked(running: InProcess, header: str, folder: Path) -> None:
    digest = base64.b64encode(hashlib.sha256(flowers()).digest()).decode()
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()

    wrong = put(running.client, headers={**CSV, header: f"sha-256=:{other}:"})
    right = put(running.client, headers={**CSV, header: f"sha-512=:AAAA:, sha-256=:{digest}:"})

    assert pointers(problem_of(wrong, 422, "digest-mismatch")) == [header]
    assert created(right)["file"]["sha256"] == hashlib.sha256(flowers()).hexdigest()


@pytest.mark.parametrize("value", ["sha-256=:AAAA:", "sha-256=:====:", "sha-256=::"])
def test_digests_that_cannot_be_read(refusing: httpx.Client, value: str) -> None:
    problem = problem_of(put(refusing, headers={**CSV, "Repr-Digest": value}), 422, "invalid-request")

    assert pointers(problem) == ["Repr-Digest"]


def test_an_etag_saves_the_way(running: InProcess) -> None:
    created(put(running.client))
    for name in ("flowers", "iris"):
        first = running.client.get(f"/v1/datasets/{name}")

        again = running.client.get(f"/v1/datasets/{name}", headers={"If-None-Match": first.headers["ETag"]})
        other = running.client.get(f"/v1/datasets/{name}", headers={"If-None-Match": '"other"'})

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert (other.status_code, other.content) == (200, first.content)


def test_own_data_sets_are_listed_between_the_built_in_ones(running: InProcess, database: Database) -> None:
    created(put(running.client))
    with database.write() as session:
        mine = UploadedDatasetRepository(session, "local")
        flowers_row = mine.find("flowers")
        assert flowers_row is not None
        for name in ("zoo", "a"):
            mine.create(replace(flowers_row, id=name, name=name))

    found: list[dict[str, Any]] = []
    token = None
    while True:
        page = running.client.get("/v1/datasets", params={"page_size": 2, **({"page_token": token} if token else {})})
        found += page.json()["datasets"]
        token = page.json()["next_page_token"]
        if token is None:
            break

    names = [dataset["name"] for dataset in found]
    assert names == sorted(names)
    assert [one["name"] for one in found if one["origin"] == "uploaded"] == ["a", "flowers", "zoo"]
    assert [one["name"] for one in found if one["origin"] == "built-in"] == sorted(BUILT_IN)


def test_what_is_deleted_is_gone(running: InProcess, folder: Path) -> None:
    created(put(running.client))

    answer = running.client.delete("/v1/datasets/flowers")

    assert (answer.status_code, answer.content) == (204, b"")
    assert files(folder) == []
    problem_of(running.client.get("/v1/datasets/flowers"), 404, "dataset-not-found")
    problem_of(running.client.delete("/v1/datasets/flowers"), 404, "dataset-not-found")
    problem_of(running.client.delete("/v1/datasets/iris"), 404, "dataset-not-found")


def test_a_job_keeps_its_data_set(running: InProcess) -> None:
    dataset = created(put(running.client))
    job = submit(running.client, dataset="flowers")

    assert job["name"] == "evolution on flowers"
    assert job["dataset_fingerprint"] == dataset["fingerprint"]
    problem = problem_of(running.client.delete("/v1/datasets/flowers"), 409, "dataset-in-use")
    assert job["id"] in problem["detail"]

    running.client.post(f"/v1/jobs/{job['id']}/cancel").raise_for_status()

    assert running.client.delete("/v1/datasets/flowers").status_code == 204
    assert running.client.get(f"/v1/jobs/{job['id']}").json()["dataset"] == "flowers"


def test_a_spec_is_checked_against_the_real_shape(running: InProcess) -> None:
    created(put(running.client))

    blocks = running.client.post("/v1/jobs", json={"dataset": "flowers", "space": {"max_blocks": 2}})
    budget = running.client.post("/v1/jobs", json={"dataset": "flowers"}).json()
    raised = running.client.patch(f"/v1/jobs/{budget['id']}", json={"budget": {"evaluations": 100}})

    assert "/space/max_blocks" in pointers(problem_of(blocks, 422, "invalid-spec"))
    assert raised.json()["spec"]["budget"]["evaluations"] == 100


def test_a_job_on_a_data_set_that_is_not_there(running: InProcess) -> None:
    created(put(running.client))

    problem = problem_of(running.client.post("/v1/jobs", json={"dataset": "roses"}), 404, "dataset-not-found")

    assert pointers(problem) == ["/dataset"]
    assert "flowers" in problem["detail"]


@pytest.fixture
def other(running: InProcess, database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    """Another owner's client of the same service."""
    transport = running.client._transport
    assert isinstance(transport, AsgiBridge)
    app = create_app(Settings(data_dir=tmp_path), database)
    app.dependency_overrides[_caller] = lambda: Caller("other", frozenset(("read", "submit", "admin")))
    with httpx.Client(base_url="http://127.0.0.1:8642", transport=AsgiBridge(app, transport._portal)) as client:
        yield client


@pytest.mark.slow
def test_another_owner_sees_nothing_of_it(running: InProcess, other: httpx.Client, folder: Path) -> None:
    mine = created(put(running.client))

    problem_of(other.get("/v1/datasets/flowers"), 404, "dataset-not-found")
    problem_of(other.delete("/v1/datasets/flowers"), 404, "dataset-not-found")
    problem = problem_of(other.post("/v1/jobs", json={"dataset": "flowers"}), 404, "dataset-not-found")
    assert "flowers" not in problem["detail"]
    assert "flowers" not in [dataset["name"] for dataset in other.get("/v1/datasets").json()["datasets"]]

    theirs = created(put(other))

    assert theirs["fingerprint"] == mine["fingerprint"]
    assert len(files(folder)) == 2
    assert running.client.delete("/v1/datasets/flowers").status_code == 204
    assert len(files(folder)) == 2
    assert other.get("/v1/datasets/flowers").json() == theirs


@pytest.mark.slow
def test_uploads_of_one_name_at_the_same_time(running: InProcess, folder: Path) -> None:
    answers: list[int] = []

    def upload(seed: int) -> None:
        answers.append(put(running.client, content=flowers(seed=seed)).status_code)

    threads = [threading.Thread(target=upload, args=(seed,)) for seed in (1, 1, 2, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 201, 409, 409]
    assert len(files(folder)) == 2


def test_a_zip_file_of_images(running: InProcess) -> None:
    image = pytest.importorskip("PIL.Image")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(30):
            picture = io.BytesIO()
            image.new("L", (12, 12), 10 * number).save(picture, "PNG")
            archive.writestr(f"{'dark' if number < 15 else 'light'}/{number}.png", picture.getvalue())

    dataset = created(put(running.client, "pictures", content.getvalue(), headers={"Content-Type": "application/zip"}))

    assert dataset["file"]["kind"] == "images"
    assert dataset["class_names"] == ["dark", "light"]
