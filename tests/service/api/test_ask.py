import hashlib
from typing import Any

import httpx
import numpy as np
import pytest

from core.architecture import Architecture, Dense, Layer
from core.dataset import Standardization
from core.export import to_bytes
from core.layers import Convolution, Flatten, MaxPooling
from core.network import Network
from service.access.caller import LOCAL_OWNER
from service.data.category_input import CategoryInput
from service.data.drawing import prepare_digits_16x16
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.data.picture_input import ArrayInput, PictureInput
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.job_repository import JobRepository
from service.store.models import jobs
from service.store.network_repository import NetworkRepository
from tests.service.api.serving import InProcess, pointers, problem_of, submit
from tests.service.models import CLASSES, finished, found_networks, started
from tests.service.store.samples import candidate

pytestmark = pytest.mark.slow

NETWORKS = found_networks()


def ask(running: InProcess, job_id: str, **body: Any) -> httpx.Response:
    return running.client.post(f"/v1/jobs/{job_id}/ask", json=body)


def network(shape: tuple[int, ...], *layers: Layer, outputs: int = 3) -> Network:
    built = Network(Architecture(shape, layers, outputs))
    built.initialize(np.random.default_rng(0))
    return built


def job_of(database: Database, found: Network, **more: Any) -> str:
    return finished(database, found, owner=LOCAL_OWNER, **more).job_id


def on_dataset(database: Database, job_id: str, dataset: str) -> str:
    with database.write() as session:
        session.execute(jobs.update().where(jobs.c.id == job_id).values(dataset=dataset))
    return job_id


def drawing(width: int, height: int, pixels: list[int]) -> dict[str, Any]:
    return {"width": width, "height": height, "pixels": pixels}


def with_others(database: Database) -> tuple[str, dict[str, Network]]:
    """A job that has ended with three networks for five numbers, the winner's first."""
    others = {"random_search": network((5,), Dense(2, "tanh")), "logistic_regression": network((5,))}
    lease = started(database, NETWORKS["dense"], owner=LOCAL_OWNER)
    with database.write() as session:
        for number, (arm, built) in enumerate(others.items(), 1):
            CandidateRepository(session).record(lease, "final", [candidate(number, parents=())], [])
            content = to_bytes(built)
            NetworkRepository(session).save(lease, "final", number, built.architecture, content, arm=arm)
        JobRepository(session).finish(lease, "succeeded", verdict={"format": 2, "evolved": "evolution", "arms": []})
    return lease.job_id, {"evolution": NETWORKS["dense"], **others}


def test_three_networks_answer_the_same_row(running: InProcess, database: Database) -> None:
    job_id, networks = with_others(database)
    row = [1, 2.5, -3, 0, 4]
    told = ask(running, job_id, row=row).json()

    assert told["prepared"] == row
    assert [(one["role"], one["arm"]) for one in told["networks"]] == [
        ("winner", "evolution"),
        ("runner_up", "random_search"),
        ("linear", "logistic_regression"),
    ]
    for one, built in zip(told["networks"], networks.values(), strict=True):
        inputs = np.array([row], np.float32)
        assert one["probabilities"] == built.predict_probabilities(inputs)[0].tolist()
        assert one["class_name"] == told["classes"][built.predict(inputs)[0]]
        found = [output.values[0] for output in built.forward_pass(inputs).hidden]
        assert [layer["shape"] for layer in one["layers"]] == [list(values.shape) for values in found]
        for layer, values in zip(one["layers"], found, strict=True):
            np.testing.assert_allclose(layer["values"], values, rtol=1e-3, atol=1e-4 * np.abs(values).max())


def test_what_is_kept_beside_the_winner_is_no_model(running: InProcess, database: Database) -> None:
    job_id, _ = with_others(database)
    (model,) = running.client.get("/v1/models").json()["models"]

    assert model["sha256"] == hashlib.sha256(to_bytes(NETWORKS["dense"])).hexdigest()
    assert running.client.get(f"/v1/jobs/{job_id}/network").content == to_bytes(NETWORKS["dense"])


def test_a_job_of_an_earlier_release_has_its_winner_alone(running: InProcess, database: Database) -> None:
    told = ask(running, job_of(database, NETWORKS["dense"], old=True), row=[1, 2, 3, 4, 5]).json()

    assert [one["role"] for one in told["networks"]] == ["winner"]


def test_images_become_maps_and_wide_layers_are_cut(running: InProcess, database: Database) -> None:
    built = network(
        (64, 64), Convolution(40, 3, "relu", 1, 1), MaxPooling(16, 16), Flatten(), Dense(1100, "relu"), outputs=3
    )
    rows = np.random.default_rng(0).random((64, 64)).round(3).tolist()
    (one,) = ask(running, job_of(database, built), row=rows).json()["networks"]
    convolution, pooling, dense = one["layers"]

    assert convolution["shape"] == [40, 64, 64]
    assert np.array(convolution["maps"]).shape == (32, 32, 32)
    assert (pooling["kind"], pooling["activation"], pooling["values"]) == ("max_pooling", None, None)
    assert (dense["shape"], len(dense["values"])) == ([1100], 1024)


def test_a_drawn_digit_is_prepared_as_the_data_were(running: InProcess, database: Database) -> None:
    job_id = on_dataset(database, job_of(database, network((16, 16), Dense(4, "relu"), outputs=3)), "digits-16x16")
    ink = np.zeros((60, 50), int)
    ink[10:50, 20:26] = 255
    told = ask(running, job_id, drawing=drawing(50, 60, ink.ravel().tolist())).json()

    np.testing.assert_array_equal(np.array(told["prepared"], np.float32), prepare_digits_16x16(ink / 255))

    for faulty in (drawing(50, 60, [0] * 3000), drawing(50, 61, [9] * 3000)):
        problem = problem_of(ask(running, job_id, drawing=faulty), 422)

        assert pointers(problem) == ["/drawing/pixels"]


def test_a_picture_is_shrunk_to_the_side_of_the_data(running: InProcess, database: Database) -> None:
    encoder = Encoder((PictureInput("image", 8),))
    told = ask(
        running, job_of(database, network((8, 8)), encoder=encoder), drawing=drawing(16, 16, [0, 51] * 128)
    ).json()

    np.testing.assert_allclose(told["prepared"], np.full((8, 8), 0.1), rtol=1e-6)


def test_arrays_need_the_data_at_hand(running: InProcess, database: Database) -> None:
    encoder = Encoder((ArrayInput("X", (8, 8)),))
    job_id = job_of(database, network((8, 8)), encoder=encoder)

    assert pointers(problem_of(ask(running, job_id, drawing=drawing(1, 1, [9])), 422)) == ["/drawing"]
    assert ask(running, job_id, row=[[0.5] * 8] * 8).status_code == 200


def test_columns_are_encoded_and_faults_named(running: InProcess, database: Database) -> None:
    encoder = Encoder(
        (
            NumberInput("a/b", "number", 1.0, False, 0.0, 1.0, -1e6, 1e6),
            CategoryInput("soil", ("clay", "sand"), "clay", False),
        )
    )
    job_id = job_of(database, network((3,), Dense(2, "relu")), encoder=encoder)

    assert ask(running, job_id, row={"a/b": "2.5", "soil": "sand"}).json()["prepared"] == [2.5, 0, 1]
    assert ask(running, job_id, row={}).json()["prepared"] == [1, 1, 0]
    assert pointers(problem_of(ask(running, job_id, row={"a/b": "two"}), 422)) == ["/row/a~1b"]
    assert pointers(problem_of(ask(running, job_id, row={"c": 1}), 422)) == ["/row/c"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ""),
        ({"row": [1] * 5, "drawing": {"width": 1, "height": 1, "pixels": [1]}}, ""),
        ({"row": [1] * 4}, "/row"),
        ({"row": [1, 2, 3, 4, "5"]}, "/row/4"),
        ({"row": [1, 2, 3, 4, True]}, "/row/4"),
        ({"row": [1, 2, 3, 4, 1e39]}, "/row/4"),
        ({"row": "text"}, "/row"),
        ({"row": [1] * 5, "rows": []}, "/rows"),
        ({"drawing": {"width": 1, "height": 1, "pixels": [1]}}, "/drawing"),
        ({"drawing": {"width": 0, "height": 1, "pixels": [1]}}, "/drawing/width"),
        ({"drawing": {"width": 257, "height": 1, "pixels": [1]}}, "/drawing/width"),
        ({"drawing": {"width": 1, "height": 1, "pixels": [256]}}, "/drawing/pixels/0"),
        ({"drawing": {"width": 1, "height": 1, "pixels": [0.5]}}, "/drawing/pixels/0"),
        ({"drawing": {"width": 1, "height": 1, "pixels": []}}, "/drawing/pixels"),
        ({"drawing": {"width": 256, "height": 256, "pixels": [0] * 65_537}}, "/drawing/pixels"),
    ],
)
def test_questions_that_are_none_are_refused(
    body: dict[str, Any], expected: str, running: InProcess, database: Database
) -> None:
    problem = problem_of(ask(running, job_of(database, NETWORKS["dense"]), **body), 422)

    assert expected in pointers(problem)


def test_nan_is_no_json_and_a_huge_body_is_not_read(running: InProcess, database: Database) -> None:
    path = f"/v1/jobs/{job_of(database, NETWORKS['dense'])}/ask"
    head = {"Content-Type": "application/json"}

    problem_of(running.client.post(path, content=b'{"row": [NaN, 1, 1, 1, 1]}', headers=head), 400, "malformed-json")
    problem_of(running.client.post(path, content=b"[" * 1_000_001, headers=head), 413, "payload-too-large")


def test_rows_on_which_a_network_overflows_are_refused(running: InProcess, database: Database) -> None:
    built = network((5,), Dense(2, "relu"))
    built.parameters[:] = 3e38

    problem = problem_of(ask(running, job_of(database, built), row=[1e30] * 5), 422)

    assert pointers(problem) == ["/row"]


def test_a_standardization_is_the_network_s_own(running: InProcess, database: Database) -> None:
    built = network((5,), Dense(2, "tanh"))
    built.standardization = Standardization(np.full(5, 4, np.float32), np.full(5, 10, np.float32))
    told = ask(running, job_of(database, built), row=[4] * 5).json()

    assert told["prepared"] == [4] * 5
    assert told["networks"][0]["layers"][0]["values"] == [0, 0]


def test_jobs_without_an_answer_say_why(running: InProcess, database: Database) -> None:
    row = {"row": [1] * 5}
    theirs = finished(database, NETWORKS["dense"], owner="somebody else").job_id
    tampered = job_of(database, NETWORKS["dense"], failures=["npz"])
    queued = submit(running.client)["id"]
    cancelled = submit(running.client)["id"]
    running.client.post(f"/v1/jobs/{cancelled}/cancel")

    problem_of(ask(running, theirs, **row), 404, "job-not-found")
    problem_of(ask(running, queued, **row), 409, "job-not-finished")
    problem_of(ask(running, cancelled, **row), 404, "network-not-found")
    problem_of(ask(running, tampered, **row), 409, "download-not-proven")


def test_outputs_are_named(running: InProcess, database: Database) -> None:
    told = ask(running, job_of(database, NETWORKS["dense"]), row=[1] * 5).json()

    assert told["classes"] == list(CLASSES)
