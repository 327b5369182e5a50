"""What a model answers for rows that a user sends."""

from typing import Annotated, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field, WithJsonSchema

from core.network import Network
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf, PredictorOf
from service.api.models import ModelId, classes_of, download_of, encoder_of
from service.api.prediction_rows import read_inputs, refused
from service.api.problems import responses
from service.errors import (
    DatabaseUnavailable,
    DownloadNotProven,
    FieldError,
    MalformedJson,
    ModelDamaged,
    ModelNotFound,
    PayloadTooLarge,
    RequestTimeout,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import StrictModel
from service.store.model_repository import ModelRepository

MAX_ROWS: Final = 1_000

# Asking a model is reading it: nothing changes.
router = APIRouter(tags=["models"], dependencies=[READ])


class PredictionRequest(StrictModel):
    """Rows to answer."""

    refused_as: ClassVar[type[Unprocessable]] = Unprocessable

    rows: Annotated[
        list[Annotated[Any, WithJsonSchema({"type": ["array", "object"]})]],
        Field(
            min_length=1,
            max_length=MAX_ROWS,
            description=(
                "Each in the shape of the model's input, an image as a list of lists; raw numbers of the data. Or, "
                "where the model knows columns, objects of column and value"
            ),
        ),
    ]


class PredictedRowResponse(BaseModel):
    """The answer for one row; what does not belong to the model's task is null."""

    class_name: Annotated[str | None, Field(description="The most probable class")] = None
    labels: Annotated[list[str] | None, Field(description="The labels that apply, of several")] = None
    probabilities: Annotated[list[float] | None, Field(description="In the order of `classes`")] = None
    values: Annotated[list[float] | None, Field(description="Of a regression, in the order of `classes`")] = None


class PredictionsResponse(BaseModel):
    """Answers in the order of the rows."""

    model_id: str
    job_id: str
    task: str
    classes: Annotated[list[str], Field(description="What the outputs stand for, in their order")]
    predictions: list[PredictedRowResponse]
    inputs: Annotated[
        list[Any] | None,
        Field(description="With `include_inputs`: the rows as float32 numbers, as the files of the model take them"),
    ]


@router.post(
    "/models/{model_id}/predict",
    operation_id="predict",
    summary="Let a model answer rows",
    description=(
        f"Up to {MAX_ROWS:,} rows. The numbers are those of the data set: the model standardizes them itself. What "
        "comes back is within 1e-5 of the scale of the outputs of what the downloads compute."
    ),
    responses=responses(
        MalformedJson,
        PayloadTooLarge,
        RequestTimeout,
        UnsupportedMediaType,
        Unprocessable,
        ModelNotFound,
        DownloadNotProven,
        ModelDamaged,
        DatabaseUnavailable,
    ),
)
def predict(
    model_id: ModelId,
    request: Annotated[PredictionRequest, Body(examples=[{"rows": [[5.1, 3.5, 1.4, 0.2]]}])],
    caller: CallerOf,
    database: DatabaseOf,
    predictor: PredictorOf,
    include_inputs: Annotated[bool, Query(description="Give the rows back as the model takes them")] = False,
) -> PredictionsResponse:
    """Answer rows with the network of the model."""
    with database.read() as session:
        models = ModelRepository(session, caller.owner)
        model = models.get(model_id)
        npz = download_of(model, "npz")
        if not npz.offered:
            raise DownloadNotProven(f"this model does not answer: {npz.reason}")
        encoder = encoder_of(models, model)
        network = predictor.network(model.sha256, lambda: models.content(model, "npz"))
    rows = read_inputs(request.rows, network, encoder)
    predictions, probabilities = predictor.answer(network, rows)
    require_finite(predictions if probabilities is None else probabilities)
    names = output_names(network, classes_of(model))
    return PredictionsResponse(
        model_id=model.id,
        job_id=model.job_id,
        task=network.task,
        classes=names,
        predictions=answers_of(network, names, predictions, probabilities),
        inputs=rows.tolist() if include_inputs else None,
    )


def answers_of(
    network: Network,
    names: list[str],
    predictions: npt.NDArray[Any],
    probabilities: npt.NDArray[np.float32] | None,
) -> list[PredictedRowResponse]:
    """Return the answers to rows in the words of the model; `probabilities` are None for regression."""
    if probabilities is None:
        return [PredictedRowResponse(values=values) for values in predictions.tolist()]
    if network.task == "multi_label":
        return [
            PredictedRowResponse(
                labels=[name for name, yes in zip(names, applies, strict=True) if yes], probabilities=shares
            )
            for applies, shares in zip(predictions.tolist(), probabilities.tolist(), strict=True)
        ]
    return [
        PredictedRowResponse(class_name=names[index], probabilities=shares)
        for index, shares in zip(predictions.tolist(), probabilities.tolist(), strict=True)
    ]


def output_names(network: Network, known: tuple[str, ...] | None) -> list[str]:
    """Return a name for each output, its number where nobody knows what it stands for."""
    count = 2 if network.task == "binary" else network.architecture.outputs
    return list(known) if known is not None and len(known) == count else [str(index) for index in range(count)]


def require_finite(numbers: npt.NDArray[Any]) -> None:
    """Raise Unprocessable for rows on which the network overflows."""
    overflowing = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if len(overflowing):
        detail = "is too far from the data that the model was trained on: its outputs are no finite numbers"
        raise refused([FieldError(f"/rows/{row}", detail) for row in overflowing[:20].tolist()])
