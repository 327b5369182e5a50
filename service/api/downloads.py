"""A model as a file: for ONNX runtimes, for Python with NumPy alone, and in Cambrian's own format."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.attachments import attachment, describe_files, file_name, not_modified
from service.api.context import CallerOf, DatabaseOf
from service.api.etags import IfNoneMatch
from service.api.models import EXTENSIONS, MEDIA_TYPES, ModelId, download_of
from service.api.problems import responses
from service.errors import DatabaseUnavailable, DownloadNotProven, ModelDamaged, ModelNotFound, Unprocessable
from service.store.entities import DownloadFormat
from service.store.model_repository import ModelRepository

router = APIRouter(tags=["models"], dependencies=[READ_OR_SUBMIT])


@router.get(
    "/models/{model_id}/download",
    operation_id="download_model",
    summary="Download a model",
    description=(
        "`onnx`: for every ONNX runtime, with the weights inside. `snippet`: one Python file that needs NumPy only. "
        "`npz`: Cambrian's own format, the architecture as JSON beside the parameters. Each takes raw inputs. Only "
        "files that were shown to answer the test rows as the network did are handed out; the others answer 409."
    ),
    response_class=Response,
    responses={
        **describe_files(*MEDIA_TYPES.values()),
        **responses(ModelNotFound, DownloadNotProven, ModelDamaged, Unprocessable, DatabaseUnavailable),
    },
)
def download_model(
    model_id: ModelId,
    format: Annotated[DownloadFormat, Query(description="What to write it as")],  # noqa: A002 - the word of the API
    caller: CallerOf,
    database: DatabaseOf,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer with the file, or say why it is not handed out."""
    with database.read() as session:
        models = ModelRepository(session, caller.owner)
        model = models.get(model_id)
        download = download_of(model, format)
        if not download.offered or download.sha256 is None:
            raise DownloadNotProven(f"the {format} file of this model is not handed out: {download.reason}")
        unchanged = not_modified(download.sha256, if_none_match)
        if unchanged is not None:
            return unchanged
        content = models.content(model, format)
    name = file_name(model.job_name, model.job_id, EXTENSIONS[format])
    return attachment(content, download.sha256, MEDIA_TYPES[format], name)
