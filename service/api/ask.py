"""The same question to the networks that a job found: its winner, the runner-up, the one without hidden layers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, WithJsonSchema
from sqlalchemy.orm import Session

from core.architecture import Architecture
from core.network import Network
from evolution.arms import ARM_LABELS
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf, PredictorOf, SettingsOf
from service.api.drawn_rows import Drawing, drawn_row
from service.api.hidden_layers import HiddenLayerResponse, hidden_layers
from service.api.models import classes_of, download_of, encoder_of
from service.api.networks import require_finished
from service.api.prediction_rows import read_inputs, refused
from service.api.predictions import answers_of, output_names
from service.api.predictor import Predictor
from service.api.problems import responses
from service.api.query import JobId
from service.data.encoder import Encoder
from service.data.examples import Examples, built_in_examples, uploaded_examples
from service.dataset_intake import dataset_files
from service.errors import (
    DatabaseUnavailable,
    DatasetNotFound,
    DownloadNotProven,
    FieldError,
    JobNotFinished,
    JobNotFound,
    MalformedJson,
    ModelDamaged,
    NetworkNotFound,
    PayloadTooLarge,
    RequestTimeout,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import StrictModel
from service.settings import Settings
from service.store.beside import BesideNetwork, beside_content, beside_networks
from service.store.entities import Job
from service.store.job_repository import JobRepository
from service.store.model_repository import Model, ModelRepository
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

Role = Literal["winner", "runner_up", "linear"]

# Asking a network is reading it: nothing changes.
router = APIRouter(tags=["networks"], dependencies=[READ])


class AskRequest(StrictModel):
    """One row, or one drawing; not both."""

    refused_as: ClassVar[type[Unprocessable]] = Unprocessable

    row: Annotated[
        Annotated[Any, WithJsonSchema({"type": ["array", "object", "null"]})],
        Field(description="As a row of `predict`: raw numbers in the shape of the input, or an object of columns"),
    ] = None
    drawing: Annotated[
        Drawing | None,
        Field(description="Prepared as the training data were; for digits and for square gray pictures"),
    ] = None


class AskedNetworkResponse(BaseModel):
    """What one network answers; what does not belong to its task is null."""

    role: Annotated[Role, Field(description="`linear`: without hidden layers, so logistic or linear regression")]
    arm: Annotated[str, Field(description="Its arm of the verdict", examples=["evolution"])]
    label: Annotated[str, Field(description="The arm in words", examples=["logistic regression"])]
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    validation_score: Annotated[float | None, Field(description="Of this very training")]
    class_name: Annotated[str | None, Field(description="The most probable class")]
    labels: Annotated[list[str] | None, Field(description="The labels that apply, of several")]
    probabilities: Annotated[list[float] | None, Field(description="In the order of `classes`")]
    values: Annotated[list[float] | None, Field(description="Of a regression, in the order of `classes`")]
    layers: Annotated[list[HiddenLayerResponse], Field(description="What its hidden layers put out, in order")]


class AskResponse(BaseModel):
    """The row as the networks saw it, and their answers, the winner's first."""

    job_id: str
    task: str
    classes: Annotated[list[str], Field(description="What the outputs stand for, in their order")]
    prepared: Annotated[
        list[Any], Field(description="The row as raw float32 numbers; each network standardizes them itself")
    ]
    networks: list[AskedNetworkResponse]


@router.post(
    "/jobs/{job_id}/ask",
    operation_id="ask_networks",
    summary="Let the networks of a job answer one row or drawing",
    description=(
        "The winner, the runner-up (the network with the next best mean validation score among those of the verdict) "
        "and the one without hidden layers, with what their hidden layers put out. A job that ended in an earlier "
        "release has its winner alone. Nothing is stored."
    ),
    responses=responses(
        MalformedJson,
        PayloadTooLarge,
        RequestTimeout,
        UnsupportedMediaType,
        Unprocessable,
        JobNotFound,
        NetworkNotFound,
        JobNotFinished,
        DownloadNotProven,
        ModelDamaged,
        DatabaseUnavailable,
    ),
)
def ask_networks(
    job_id: JobId,
    request: Annotated[AskRequest, Body(examples=[{"row": [5.1, 3.5, 1.4, 0.2]}])],
    caller: CallerOf,
    database: DatabaseOf,
    predictor: PredictorOf,
    settings: SettingsOf,
) -> AskResponse:
    """Answer one question with all networks that the job keeps."""
    if (request.row is None) == (request.drawing is None):
        raise refused([FieldError("", "give either a row or a drawing")])
    with database.read() as session:
        asked = asked_networks(session, caller.owner, job_id)
        networks = _networks(session, caller.owner, asked, predictor)
        examples = examples_of(session, settings, asked.job) if request.drawing is not None else None
    if request.drawing is not None:
        row = drawn_row(request.drawing, asked.built_in, asked.encoder, examples)
    else:
        row = _read_row(request.row, networks[0], asked.encoder)
    names = output_names(networks[0], classes_of(asked.winner))
    return AskResponse(
        job_id=job_id,
        task=networks[0].task,
        classes=names,
        prepared=row[0].tolist(),
        networks=[
            AskedNetworkResponse(**_about(place, asked), **_answer(network, names, row, predictor))
            for place, network in enumerate(networks)
        ],
    )


@dataclass(frozen=True, slots=True)
class AskedNetworks:
    """The networks of a job that can be asked, without their files: its winner and what it keeps beside it."""

    job: Job
    winner: Model
    beside: tuple[BesideNetwork, ...]
    encoder: Encoder | None

    @property
    def built_in(self) -> str | None:
        """The name of the job's built-in data set; None for an uploaded one."""
        return self.job.dataset if self.job.dataset_id is None else None

    @property
    def arms(self) -> tuple[tuple[Role, str, Architecture, float | None], ...]:
        """Role, arm of the verdict, architecture and validation score of each, the winner first."""
        evolved = (self.winner.verdict or {}).get("evolved", "evolution")
        winner: tuple[Role, str, Architecture, float | None]
        winner = "winner", evolved, self.winner.architecture, self.winner.validation_score
        others: tuple[tuple[Role, str, Architecture, float | None], ...] = tuple(
            ("linear" if one.is_linear else "runner_up", one.arm, one.architecture, one.validation_score)
            for one in self.beside
        )
        return (winner, *others)


def asked_networks(session: Session, owner: str, job_id: str) -> AskedNetworks:
    """Return what can be asked of a job.

    Raises JobNotFound, JobNotFinished, NetworkNotFound where it ended without a network, DownloadNotProven where that
    could not be shown to compute what was measured, and ModelDamaged.
    """
    job = JobRepository(session, owner).get(job_id)
    require_finished(job, "network")
    models = ModelRepository(session, owner)
    winner = models.of_job(job_id)
    if winner is None:
        how = "was cancelled" if job.status == "cancelled" else "has failed"
        raise NetworkNotFound(f"the job {how}, so it has no network")
    npz = download_of(winner, "npz")
    if not npz.offered:
        raise DownloadNotProven(f"this network does not answer: {npz.reason}")
    return AskedNetworks(job, winner, beside_networks(session, job_id), encoder_of(models, winner))


def examples_of(session: Session, settings: Settings, job: Job) -> Examples | None:
    """Return validation rows of a job's data; None where the data are not on this machine, or were deleted."""
    if job.dataset_id is None:
        return built_in_examples(job.dataset, Path(settings.data_dir) / "datasets", job.dataset_fingerprint)
    try:
        uploaded = UploadedDatasetRepository(session, job.owner).get_by_id(job.dataset_id)
    except DatasetNotFound:
        return None
    return uploaded_examples(dataset_files(settings).prepared_path(uploaded.prepared_key), job.dataset_fingerprint)


def _networks(session: Session, owner: str, asked: AskedNetworks, predictor: Predictor) -> list[Network]:
    models, winner = ModelRepository(session, owner), asked.winner

    def file_of(one: BesideNetwork) -> Network:
        return predictor.network(one.sha256, lambda: beside_content(session, one.id))

    first = predictor.network(winner.sha256, lambda: models.content(winner, "npz"))
    return [first, *map(file_of, asked.beside)]


def _read_row(row: Any, network: Network, encoder: Encoder | None) -> npt.NDArray[np.float32]:
    try:
        return read_inputs([row], network, encoder)
    except Unprocessable as error:
        raise refused(
            [FieldError(f"/row{one.pointer.removeprefix('/rows/0')}", one.detail) for one in error.errors]
        ) from None


def _about(place: int, asked: AskedNetworks) -> dict[str, Any]:
    role, arm, architecture, score = asked.arms[place]
    return {
        "role": role,
        "arm": arm,
        "label": ARM_LABELS.get(arm, arm),
        "description": architecture.describe(),
        "parameters": architecture.parameter_count,
        "validation_score": score,
    }


def _answer(network: Network, names: list[str], row: npt.NDArray[np.float32], predictor: Predictor) -> dict[str, Any]:
    found = predictor.pass_through(network, row)
    if not all(np.isfinite(numbers).all() for numbers in (found.logits, *(one.values for one in found.hidden))):
        detail = "is too far from the data that the networks were trained on: their outputs are no finite numbers"
        raise refused([FieldError("/row", detail)])
    probabilities = None if network.task == "regression" else network.probabilities_of(found.logits)
    (answer,) = answers_of(network, names, network.predictions_of(found.logits), probabilities)
    return {**answer.model_dump(), "layers": hidden_layers(found.hidden)}
