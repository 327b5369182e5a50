"""Finished jobs with networks of every kind that a job can find, for tests that do not need the search itself."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture, Dense, Layer
from core.dataset import Standardization
from core.export import to_bytes
from core.layers import Convolution, Dropout, Flatten, MaxPooling
from core.network import Network
from service.data.encoder import Encoder
from service.export.downloads import write_download
from service.store.candidate_repository import CandidateRepository
from service.store.database import Database
from service.store.entities import DOWNLOAD_FORMATS, DownloadFormat, Lease, now
from service.store.job_repository import JobRepository
from service.store.model_repository import Model, ModelRepository
from service.store.network_repository import NetworkRepository
from service.store.proof_repository import Proof, ProofRepository, failed
from tests.service.store.samples import candidate, claim, evaluation

ROWS = 40
CLASSES = ("nought", "=1+1", "two")


def _network(seed: int, shape: tuple[int, ...], *layers: Layer) -> Network:
    rng = np.random.default_rng(seed)
    network = Network(Architecture(shape, layers, len(CLASSES)))
    network.standardization = Standardization.fit(rng.normal(3, 5, (50, network.architecture.inputs)))
    network.initialize(rng)
    network.parameters += (0.1 * rng.standard_normal(network.parameters.shape)).astype(np.float32)
    return network


def found_networks() -> dict[str, Network]:
    """Return a network of each kind that a search space can hold."""
    return {
        "logistic regression": _network(0, (5,)),
        "dense": _network(1, (5,), Dense(7, "relu"), Dense(6, "tanh"), Dense(5, "sigmoid"), Dense(4, "gelu")),
        "dropout": _network(2, (4, 4), Dense(8, "tanh"), Dropout(0.3), Dense(6, "tanh"), Dropout(0.3)),
        "convolution": _network(
            3,
            (8, 8),
            Convolution(3, 3, "relu", 1, 1),
            MaxPooling(2, 2),
            Convolution(4, 5, "relu", 1, 2),
            MaxPooling(2, 2),
            Flatten(),
            Dense(6, "relu"),
            Dropout(0.1),
        ),
    }


def raw_rows(network: Network, rows: int = ROWS, seed: int = 0) -> npt.NDArray[np.float32]:
    shape = (rows, *network.architecture.input_shape)
    return np.random.default_rng(seed).normal(3, 5, shape).astype(np.float32)


def started(database: Database, network: Network, *, owner: str | None = None, name: str = "a job") -> Lease:
    """Return the lease of a job whose one final training has been recorded with its network."""
    with database.write() as session:
        JobRepository(session, owner).create(name, "iris", {"format": 1}, 7)
    lease = claim(database)
    assert lease is not None
    trained = candidate(0, architecture=network.architecture, keep_network=True, predict_test=True, parents=())
    answers = network.predict(raw_rows(network)).astype("<u2").tobytes()
    with database.write() as session:
        outcome = evaluation(trained, 0.75, network=to_bytes(network), test_predictions=answers)
        CandidateRepository(session).record(lease, "final", [trained], [outcome])
    return lease


def finished(
    database: Database,
    network: Network,
    *,
    owner: str | None = None,
    name: str = "a job",
    formats: Sequence[DownloadFormat] = DOWNLOAD_FORMATS,
    failures: Sequence[DownloadFormat] = (),
    old: bool = False,
    encoder: Encoder | None = None,
) -> Model:
    """Return the model of a job that has succeeded; `old` ones have neither proofs nor names of classes."""
    lease = started(database, network, owner=owner, name=name)
    with database.write() as session:
        networks = NetworkRepository(session)
        stored = networks.of_candidate(lease.job_id, "final", 0)
        if not old:
            given = None if encoder is None else encoder.to_json()
            networks.explain(lease, "final", 0, network.task, CLASSES, given)
        for format_ in () if old else formats:
            content = write_download(format_, stored.content)
            proof = failed(format_, "it was tampered with") if format_ in failures else _proven(format_, content)
            ProofRepository(session).record(lease, stored.id, proof, None if format_ == "npz" else content)
        JobRepository(session).finish(lease, "succeeded", verdict=_verdict(network))
    with database.read() as session:
        model = ModelRepository(session).of_job(lease.job_id)
    assert model is not None
    return model


def _proven(format_: DownloadFormat, content: bytes) -> Proof:
    return Proof(
        format=format_,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        compared_rows=ROWS,
        largest_difference=1e-7,
        versions={"numpy": "2"},
        seconds=0.5,
        error=None,
        created_at=now(),
    )


def _verdict(network: Network) -> dict[str, object]:
    arm = {
        "name": "evolution",
        "architecture": network.architecture.to_json(),
        "test_accuracy": 0.9,
        "test_low": 0.8,
        "test_high": 1.0,
        "seeds": 5,
    }
    return {"format": 2, "evolved": "evolution", "arms": [arm]}
