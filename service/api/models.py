"""Models: the networks that jobs ended with, what is known of them, and what they can be downloaded as."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.architectures import ArchitectureResponse
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import ETAG_HEADER, NOT_MODIFIED, IfNoneMatch, tagged
from service.api.problems import responses
from service.api.query import PageSize, PageToken, bad_token, cursor_of, id_form, token_for
from service.api.times import Utc
from service.data.built_in import BUILT_IN
from service.data.encoder import Encoder
from service.errors import DatabaseUnavailable, ModelDamaged, ModelNotFound, Unprocessable
from service.store.entities import DOWNLOAD_FORMATS, DownloadFormat, JobCursor
from service.store.model_repository import Model, ModelRepository

MEDIA_TYPES: Final[Mapping[DownloadFormat, str]] = MappingProxyType(
    {"npz": "application/x-npz", "onnx": "application/octet-stream", "snippet": "text/x-python"}
)
EXTENSIONS: Final[Mapping[DownloadFormat, str]] = MappingProxyType({"npz": "npz", "onnx": "onnx", "snippet": "py"})

_LIST: Final = "models"

router = APIRouter(tags=["models"], dependencies=[READ_OR_SUBMIT])


def _known_form(text: str) -> str:
    if not id_form(text):
        raise ModelNotFound("there is no model with this id")
    return text


ModelId = Annotated[str, AfterValidator(_known_form), Path(description="Id of the model, as the service gave it")]


class DownloadResponse(BaseModel):
    """One file that the model is written as, and what was found when it was tried in a fresh process.

    The file was opened with an empty environment and nothing but itself, and answered the test rows.
    """

    format: DownloadFormat
    status: Annotated[
        Literal["proven", "failed", "not_proven"],
        Field(description="`not_proven`: the job ended before downloads were tried"),
    ]
    offered: Annotated[
        bool, Field(description="Whether it can be downloaded: all that are proven, and old `.npz` files")
    ]
    url: Annotated[str, Field(examples=["/v1/models/4be1d04c583f9c2a/download?format=onnx"])]
    media_type: str
    sha256: str | None
    bytes: int | None
    compared_rows: Annotated[int | None, Field(description="Test rows that it answered as the network did")]
    largest_difference: Annotated[
        float | None, Field(description="The largest one of a probability (or a value) from the network's own")
    ]
    versions: Annotated[dict[str, str], Field(description="What answered in the fresh process")]
    seconds: float | None
    reason: Annotated[str | None, Field(description="Why it is not offered")]


class TestScoreResponse(BaseModel):
    """Test score of the model's structure with a 95 % interval, from the job's verdict.

    It is the mean over `trainings` fresh ones, of which this model is the one with the best validation score.
    """

    score: float
    low: float
    high: float
    trainings: int


class InputResponse(BaseModel):
    """What the model takes: raw numbers as they are in the data set; it standardizes them itself."""

    shape: Annotated[list[int], Field(description="Of one row", examples=[[16, 16]])]
    type: Literal["float32"] = "float32"
    columns: Annotated[
        list[str] | None,
        Field(description="Names of the columns that `predict` takes as well; null where rows are the numbers"),
    ]


class ModelLineResponse(BaseModel):
    """A model in a list."""

    id: Annotated[str, Field(description="Opaque: use it as it was given", examples=["4be1d04c583f9c2a"])]
    job_id: str
    job_name: str
    dataset: str
    created_at: Utc
    description: Annotated[str, Field(examples=["256-[128 relu, 64 relu]-10"])]
    parameters: int
    task: str
    test: TestScoreResponse | None
    sha256: Annotated[str, Field(description="Of the `.npz` file, which every other file is written from")]
    downloads: Annotated[list[DownloadFormat], Field(description="The formats that are offered")]


class ModelResponse(ModelLineResponse):
    """A model with all that is known of it."""

    dataset_fingerprint: Annotated[str | None, Field(description="SHA-256 of the data that it was trained on")]
    architecture: ArchitectureResponse
    inference_flops: Annotated[int, Field(description="Operations of one forward pass of one row")]
    validation_score: Annotated[float | None, Field(description="Of this very training")]
    input: InputResponse
    classes: Annotated[
        list[str] | None, Field(description="What the outputs stand for, in their order; null where nobody knows")
    ]
    files: Annotated[list[DownloadResponse], Field(description="Every format, offered or not")]


class ModelPageResponse(BaseModel):
    """Models, newest first."""

    models: list[ModelLineResponse]
    next_page_token: Annotated[str | None, Field(description="null on the last page")]


@router.get(
    "/models",
    operation_id="list_models",
    summary="List the models, newest first",
    responses=responses(Unprocessable, DatabaseUnavailable),
)
def list_models(
    caller: CallerOf, database: DatabaseOf, page_size: PageSize = 50, page_token: PageToken = None
) -> ModelPageResponse:
    """List the models, newest first."""
    before = None if page_token is None else _cursor(page_token)
    with database.read() as session:
        page = ModelRepository(session, caller.owner).page(page_size, before)
    return ModelPageResponse(
        models=[ModelLineResponse(**_line(model)) for model in page.models],
        next_page_token=None if page.next is None else token_for(_LIST, str(page.next)),
    )


@router.get(
    "/models/{model_id}",
    operation_id="get_model",
    summary="Read a model",
    response_model=ModelResponse,
    responses={
        200: {"headers": ETAG_HEADER},
        **NOT_MODIFIED,
        **responses(ModelNotFound, ModelDamaged, Unprocessable, DatabaseUnavailable),
    },
)
def get_model(model_id: ModelId, caller: CallerOf, database: DatabaseOf, if_none_match: IfNoneMatch = None) -> Response:
    """Read a model: where it comes from, how good it is, what it takes and what it can be downloaded as."""
    with database.read() as session:
        models = ModelRepository(session, caller.owner)
        model = models.get(model_id)
        encoder = encoder_of(models, model)
    return tagged(_model(model, encoder), if_none_match)


def classes_of(model: Model) -> tuple[str, ...] | None:
    """Return what the outputs of a model stand for; earlier releases, which stored it nowhere, knew built-in data."""
    if model.classes is not None:
        return model.classes
    return BUILT_IN[model.dataset].class_names if model.dataset in BUILT_IN else None


def download_of(model: Model, format: DownloadFormat) -> DownloadResponse:  # noqa: A002 - the word of the API
    """Return what is known of one format of a model."""
    proof = model.proof(format)
    known: dict[str, Any] = {
        "format": format,
        "url": f"/v1/models/{model.id}/download?format={format}",
        "media_type": MEDIA_TYPES[format],
    }
    if proof is None:
        old = format == "npz"
        return DownloadResponse(
            **known,
            status="not_proven",
            offered=old,
            sha256=model.sha256 if old else None,
            bytes=model.bytes if old else None,
            compared_rows=None,
            largest_difference=None,
            versions={},
            seconds=None,
            reason=None if old else "the job ended in a release that wrote .npz files only",
        )
    return DownloadResponse(
        **known,
        status="proven" if proof.error is None else "failed",
        offered=proof.error is None,
        sha256=proof.sha256,
        bytes=proof.bytes,
        compared_rows=proof.compared_rows,
        largest_difference=proof.largest_difference,
        versions=proof.versions,
        seconds=proof.seconds,
        reason=proof.error,
    )


def encoder_of(models: ModelRepository, model: Model) -> Encoder | None:
    """Return what makes inputs of rows of columns; None where rows are the inputs. Raises ModelDamaged."""
    stored = models.encoder(model)
    try:
        return None if stored is None else Encoder.from_json(stored)
    except (ValueError, KeyError, TypeError):
        raise ModelDamaged(
            "how rows become the model's inputs is stored in a form that this release cannot read"
        ) from None


def _model(model: Model, encoder: Encoder | None) -> ModelResponse:
    classes = classes_of(model)
    return ModelResponse(
        **_line(model),
        dataset_fingerprint=model.dataset_fingerprint,
        architecture=ArchitectureResponse.of(model.architecture),
        inference_flops=model.architecture.inference_flops,
        validation_score=model.validation_score,
        input=InputResponse(
            shape=list(model.architecture.input_shape), columns=None if encoder is None else list(encoder.names)
        ),
        classes=None if classes is None else list(classes),
        files=[download_of(model, format_) for format_ in DOWNLOAD_FORMATS],
    )


def _line(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "job_id": model.job_id,
        "job_name": model.job_name,
        "dataset": model.dataset,
        "created_at": model.created_at,
        "description": model.architecture.describe(),
        "parameters": model.architecture.parameter_count,
        # Every job of the releases that did not store it was about classes.
        "task": model.task or "classification",
        "test": _test_score(model.verdict),
        "sha256": model.sha256,
        "downloads": [format_ for format_ in DOWNLOAD_FORMATS if download_of(model, format_).offered],
    }


def _test_score(verdict: dict[str, Any] | None) -> TestScoreResponse | None:
    """Return what the verdict says of the structure that was found."""
    for arm in (verdict or {}).get("arms", ()):
        if arm["name"] == (verdict or {}).get("evolved"):
            # Verdicts of accuracies alone have no other score.
            score = arm.get("test_score", arm.get("test_accuracy"))
            return TestScoreResponse(score=score, low=arm["test_low"], high=arm["test_high"], trainings=arm["seeds"])
    return None


def _cursor(token: str) -> JobCursor:
    try:
        return JobCursor.parse(cursor_of(token, _LIST))
    except ValueError:
        raise bad_token() from None
