"""The files that users take, and what they compute in processes that know nothing else."""

import base64
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import update

import core
from service.access.caller import LOCAL_OWNER
from service.runner import fresh_process
from service.store.database import Database
from service.store.entities import DOWNLOAD_FORMATS, DownloadFormat
from service.store.models import networks, proofs
from tests.service.api.serving import InProcess, calling, problem_of
from tests.service.models import finished, found_networks, raw_rows

NETWORKS = found_networks()
NETWORK = NETWORKS["dense"]
MINE = LOCAL_OWNER


def path_of(model_id: str, format_: DownloadFormat) -> str:
    return f"/v1/models/{model_id}/download?format={format_}"


def answers_of(file: Path, format_: DownloadFormat, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what a file answers in a process with an empty environment."""
    given = io.BytesIO()
    np.save(given, rows)
    command = [sys.executable, "-P", fresh_process.__file__, format_, str(file), str(Path(core.__file__).parents[1])]
    done = subprocess.run(command, env={}, input=given.getvalue(), capture_output=True, check=True)
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as stored:
        numbers: npt.NDArray[np.float32] = stored["numbers"]
    return numbers


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_file_computes_what_the_endpoint_answers(
    kind: str, sqlite_url: str, portal: BlockingPortal, tmp_path: Path
) -> None:
    network, database = NETWORKS[kind], Database(sqlite_url)
    model = finished(database, network, owner=MINE)
    rows = raw_rows(network, 30, seed=9)
    with calling(tmp_path, database, portal) as running:
        path = f"/v1/models/{model.id}/predict?include_inputs=true"
        told = running.client.post(path, json={"rows": rows.tolist()}).json()
        files = {format_: running.client.get(path_of(model.id, format_)).content for format_ in DOWNLOAD_FORMATS}
    expected = np.array([one["probabilities"] for one in told["predictions"]])
    inputs = np.array(told["inputs"], np.float32)
    scale = max(1.0, float(np.abs(expected).max()))

    assert expected.shape == (30, 3)
    assert len(np.unique(expected, axis=0)) == 30
    np.testing.assert_array_equal(inputs, rows)
    for format_, content in files.items():
        file = tmp_path / f"{format_}.file"
        file.write_bytes(content)

        np.testing.assert_allclose(answers_of(file, format_, inputs), expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("format_", "media_type", "extension"),
    [
        ("npz", "application/x-npz", "npz"),
        ("onnx", "application/octet-stream", "onnx"),
        ("snippet", "text/x-python; charset=utf-8", "py"),
    ],
)
def test_files_are_named_and_known_by_their_hash(
    format_: DownloadFormat, media_type: str, extension: str, running: InProcess, database: Database
) -> None:
    model = finished(database, NETWORK, owner=MINE, name="../Ä name")
    answer = running.client.get(path_of(model.id, format_))
    digest = hashlib.sha256(answer.content)
    name = f"cambrian-a-name-{model.job_id}.{extension}"

    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["ETag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    again = running.client.get(path_of(model.id, format_), headers={"If-None-Match": answer.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_the_npz_file_is_the_one_of_the_job(running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE)

    assert (
        running.client.get(path_of(model.id, "npz")).content
        == running.client.get(f"/v1/jobs/{model.job_id}/network").content
    )


@pytest.mark.parametrize("query", ["", "?format=pickle", "?format=onnx&format=npz", "?form=onnx"])
def test_formats_are_named_exactly(query: str, running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE)

    problem_of(running.client.get(f"/v1/models/{model.id}/download{query}"), 422, "invalid-request")


def test_what_failed_its_proof_is_not_handed_out(running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE, failures=["onnx", "npz"])

    for path in (
        path_of(model.id, "onnx"),
        path_of(model.id, "npz"),
        f"/v1/jobs/{model.job_id}/network",
    ):
        body = problem_of(running.client.get(path), 409, "download-not-proven")
        assert "it was tampered with" in body["detail"]
    body = problem_of(
        running.client.post(f"/v1/models/{model.id}/predict", json={"rows": [[1] * 5]}), 409, "download-not-proven"
    )
    assert "it was tampered with" in body["detail"]
    assert running.client.get(path_of(model.id, "snippet")).status_code == 200


def test_what_was_never_tried_is_only_handed_out_as_before(running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE, old=True)

    assert running.client.get(path_of(model.id, "npz")).status_code == 200
    assert running.client.get(f"/v1/jobs/{model.job_id}/network").status_code == 200
    body = problem_of(running.client.get(path_of(model.id, "onnx")), 409, "download-not-proven")
    assert "wrote .npz files only" in body["detail"]


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_a_stored_file_that_was_damaged_is_neither_handed_out_nor_used(
    content: bytes | None, running: InProcess, database: Database
) -> None:
    model = finished(database, NETWORK, owner=MINE)
    with database.write() as session:
        session.execute(update(networks).values(content=b"" if content is None else content))
        session.execute(update(proofs).values(content=content))

    for path in (
        path_of(model.id, "onnx"),
        path_of(model.id, "snippet"),
        path_of(model.id, "npz"),
        f"/v1/jobs/{model.job_id}/network",
    ):
        problem_of(running.client.get(path), 409, "model-damaged")
    answer = running.client.post(f"/v1/models/{model.id}/predict", json={"rows": [[1] * 5]})
    problem_of(answer, 409, "model-damaged")
    assert running.client.get(f"/v1/models/{model.id}").status_code == 200


def test_a_file_of_a_release_that_is_not_known_is_damaged_too(running: InProcess, database: Database) -> None:
    model = finished(database, NETWORK, owner=MINE)
    content = b"of another format"
    digest = hashlib.sha256(content).hexdigest()
    with database.write() as session:
        session.execute(update(networks).values(content=content, sha256=digest))

    answer = running.client.post(f"/v1/models/{model.id}/predict", json={"rows": [[1] * 5]})
    problem_of(answer, 409, "model-damaged")
