from dataclasses import replace
from typing import get_args

from core.architecture import Architecture
from core.layers import AveragePooling, Convolution, Dense, Dropout, Flatten, Layer, LayerNormalization, MaxPooling
from evolution.genome import Block, Genome
from service.api.architectures import ArchitectureResponse
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from tests.service.api.serving import InProcess, submit
from tests.service.store.samples import candidate, claim, evaluation

EVERY_KIND = Architecture(
    (16, 16),
    (
        Convolution(4, 3, "relu", padding=1),
        MaxPooling(2, 2),
        Convolution(8, 5, "tanh", stride=2, padding=2),
        AveragePooling(2, 1),
        Flatten(),
        Dense(12, "gelu"),
        LayerNormalization(),
        Dropout(0.25),
    ),
    10,
)
SEARCHED = Genome("tanh", (12,), (Block(4, 3), Block(8, 5)), 0.25).architecture((16, 16), 10)


def test_every_kind_of_layer_is_written_as_it_is() -> None:
    assert {type(layer) for layer in EVERY_KIND.layers} == set(get_args(Layer))
    assert ArchitectureResponse.of(EVERY_KIND).model_dump() == EVERY_KIND.to_json()


def test_a_job_that_searches_convolutions_can_be_read(running: InProcess, database: Database) -> None:
    job_id = submit(
        running.client, dataset="digits-16x16", space={"max_blocks": 2, "kernels": [3, 5], "dropout": [0.25]}
    )["id"]
    lease = claim(database)
    assert lease is not None
    one = replace(candidate(0, parents=()), architecture=SEARCHED)
    with database.write() as session:
        CandidateRepository(session).record(lease, "search", [one], [evaluation(one, 0.5)])
    job = f"/v1/jobs/{job_id}"

    for path in (job, f"{job}/candidates", f"{job}/front", f"{job}/what-if?evaluations=1", f"{job}/lineage"):
        answer = running.client.get(path)

        assert answer.status_code == 200, (path, answer.text)
        assert "max_pooling" in answer.text
    assert running.client.get(f"/jobs/{job_id}").status_code == 200
