"""Uploads: a file becomes one of the caller's data sets, sent as it is (PUT, the main way) or in a form (POST)."""

from dataclasses import replace
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Header, Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.access import READ_OR_SUBMIT
from service.api.context import CallerOf, DatasetIntakeOf
from service.api.datasets import DatasetResponse, uploaded_response
from service.api.etags import tagged
from service.api.json_text import parse_json
from service.api.problems import printable, responses
from service.api.raw_body import RawRoute
from service.api.receiving import Receiving
from service.api.upload_head import (
    MEDIA_TYPES,
    NAME_PATTERN,
    NAME_RULE,
    NewName,
    digest_of,
    is_name,
    kind_of,
    label_of,
    refused,
)
from service.api.upload_slots import UploadSlotsOf
from service.data.description import Kind, MissingRule, ReadOptions, TaskName, TextFeatures
from service.data.errors import InvalidFile
from service.data.file_store import room_needed
from service.data.limits import MAX_IMAGE_SIDE, MAX_NAME_CHARACTERS, MAX_OPTIONS_BYTES, MIN_IMAGE_SIDE
from service.data.split import SPLIT_SEED
from service.errors import (
    BadRequest,
    CambrianError,
    DatabaseUnavailable,
    DatasetExists,
    DigestMismatch,
    FieldError,
    InvalidDatasetFile,
    MalformedJson,
    NotReady,
    PayloadTooLarge,
    RequestTimeout,
    StorageFull,
    TooManyUploads,
    Unprocessable,
    UnsupportedMediaType,
)
from service.fields import Text, WholeText
from service.store.entities import UploadedDataset

FORM_BYTES: Final = 2 * MAX_OPTIONS_BYTES
"""What a form may have around its file."""

_FORM_FIELDS: Final = ("name", "file", "options")
_PROBLEMS: Final = (
    BadRequest,
    RequestTimeout,
    DatasetExists,
    PayloadTooLarge,
    UnsupportedMediaType,
    Unprocessable,
    InvalidDatasetFile,
    TooManyUploads,
    StorageFull,
    DatabaseUnavailable,
    NotReady,
)
_HEADERS: Final = {
    "ETag": {"description": "Digest of the answer, in quotes", "schema": {"type": "string"}},
    "Location": {"description": "Address of the data set", "schema": {"type": "string"}},
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "This very file, with these options, is the data set already",
        "model": DatasetResponse,
        "headers": _HEADERS,
    },
    201: {"description": "The new data set", "headers": _HEADERS},
}
_FORM_EXAMPLE: Final = {
    "name": "flowers",
    "file": "length,width,flower\n5.1,3.5,rose\n4.9,,tulip\n",
    "options": '{"target": "flower"}',
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

router = APIRouter(tags=["datasets"], dependencies=[READ_OR_SUBMIT], route_class=RawRoute)

ColumnName = Annotated[str | None, Query(max_length=MAX_NAME_CHARACTERS)]
ColumnNames = Annotated[list[str] | None, Query(description="Names of columns, one parameter for each")]
Digest = Annotated[str | None, Header(max_length=1_000, description="`sha-256=:BASE64:`, checked if it is there")]


@router.put(
    "/datasets/{name}",
    operation_id="put_dataset",
    summary="Upload a file as a data set",
    description=(
        "The body is the file itself: CSV, Parquet, NPZ with `X` and `y`, or a zip file of images in one folder for "
        "each class. The answer is what was found in it, with what the data doctor noticed."
    ),
    status_code=201,
    response_model=DatasetResponse,
    responses={**_ANSWERS, **responses(*_PROBLEMS, DigestMismatch)},
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _BINARY)}},
)
async def put_dataset(
    request: Request,
    name: NewName,
    caller: CallerOf,
    intake: DatasetIntakeOf,
    slots: UploadSlotsOf,
    title: Annotated[Annotated[str, Text(200)] | None, Query(description="A label; the name if left out")] = None,
    kind: Annotated[Kind | None, Query(description="Guessed from the content if left out")] = None,
    target: ColumnName = None,
    task: Annotated[TaskName | None, Query(description="Guessed from the target if left out")] = None,
    text_columns: ColumnNames = None,
    ignored_columns: ColumnNames = None,
    group_column: ColumnName = None,
    missing: Annotated[MissingRule, Query(description="What to do about cells without a value")] = "impute",
    image_side: Annotated[int, WholeText(MIN_IMAGE_SIDE, MAX_IMAGE_SIDE), Query(description="Pixels")] = 16,
    text_features: Annotated[TextFeatures, Query(description="How texts become numbers")] = "tfidf",
    split_seed: Annotated[int, WholeText(0, 2**63 - 1), Query(description="Deals the rows to the parts")] = SPLIT_SEED,
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
    repr_digest: Digest = None,
    content_digest: Digest = None,
) -> Response:
    """Receive a file and make a data set of it."""
    intake.require_free(name)
    try:
        options = ReadOptions(
            kind=kind_of(content_type, kind, title),
            target=target,
            task=task,
            text_columns=tuple(text_columns or ()),
            ignored_columns=tuple(ignored_columns or ()),
            group_column=group_column,
            missing=missing,
            image_side=image_side,
            text_features=text_features,
            split_seed=split_seed,
        )
    except InvalidFile as error:
        raise refused(error, "?") from None
    expected = {
        header: digest_of(header, value)
        for header, value in (("Repr-Digest", repr_digest), ("Content-Digest", content_digest))
    }
    with slots.taken(), intake.receive() as incoming:
        receiving = Receiving(intake, incoming)
        await receiving.read(request)
        receiving.require_digests(expected)
        dataset, new = await receiving.accept(caller.owner, name, title or name, options, "?")
    return _answer(dataset, new=new)


@router.post(
    "/datasets",
    operation_id="upload_dataset",
    summary="Upload a file as a data set, in a form",
    description=(
        "`options` is a JSON object of what the PUT takes as query parameters, with lists for `text_columns` and "
        "`ignored_columns`. Large files are better sent by PUT, which needs no copy."
    ),
    status_code=201,
    response_model=DatasetResponse,
    responses={**_ANSWERS, **responses(*_PROBLEMS, MalformedJson)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["name", "file"],
                        "properties": {
                            "name": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
                            "file": {"type": "string", "format": "binary"},
                            "options": {"type": "string", "contentMediaType": "application/json"},
                        },
                        "additionalProperties": False,
                    },
                    "examples": {"table": {"summary": "A table", "value": _FORM_EXAMPLE}},
                    "encoding": {"options": {"contentType": "application/json"}},
                }
            },
        }
    },
)
async def upload_dataset(
    request: Request,
    caller: CallerOf,
    intake: DatasetIntakeOf,
    slots: UploadSlotsOf,
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Receive a form and make a data set of the file in it."""
    if (content_type or "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType("the body must be a form, with the header Content-Type: multipart/form-data")
    with slots.taken(), intake.receive() as incoming, room_needed():
        receiving = Receiving(intake, incoming)
        try:
            # The parser keeps the file in the system's temporary directory, under no name.
            async with request.form(max_files=1, max_fields=2, max_part_size=MAX_OPTIONS_BYTES) as form:
                name, upload, said = _fields(form)
                intake.require_free(name)
                title = label_of(upload.filename or "") or name
                options = _options(said, upload.content_type, title)
                await receiving.copy(upload.file)
        except HTTPException as error:
            raise BadRequest(f"the form could not be read: {printable(str(error.detail))}") from None
        dataset, new = await receiving.accept(caller.owner, name, title, options, "/options/")
    return _answer(dataset, new=new)


def _answer(dataset: UploadedDataset, *, new: bool) -> Response:
    location = {"Location": f"/v1/datasets/{dataset.name}"}
    return tagged(uploaded_response(dataset), status=201 if new else 200, headers=location)


def _fields(form: FormData) -> tuple[str, UploadFile, object]:
    """Return name, file and options of a form. Raises Unprocessable."""
    given = form.multi_items()
    names = [name for name, _ in given]
    errors = [
        FieldError(f"/{printable(name)}", f"is not a field of this form; known are {', '.join(_FORM_FIELDS)}")
        for name in names
        if name not in _FORM_FIELDS
    ]
    errors += [FieldError(f"/{name}", "is given more than once") for name in _FORM_FIELDS if names.count(name) > 1]
    fields = dict(given)
    name, upload, options = (fields.get(field) for field in _FORM_FIELDS)
    if not (isinstance(name, str) and is_name(name)):
        errors.append(FieldError("/name", NAME_RULE))
    if not isinstance(upload, UploadFile):
        errors.append(FieldError("/file", "must be a file: a part of the form with a file name"))
    if not isinstance(options, str | None):
        errors.append(FieldError("/options", "must be text: a JSON object"))
    if errors or not isinstance(name, str) or not isinstance(upload, UploadFile) or isinstance(options, UploadFile):
        raise Unprocessable(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)
    return name, upload, {} if options is None else _parsed(options)


def _parsed(options: str) -> object:
    try:
        return parse_json(options.encode("utf-8", "surrogatepass"))
    except CambrianError as error:
        errors = [FieldError(f"/options{one.pointer}", one.detail) for one in error.errors]
        raise type(error)(f"/options: {error.detail}", errors=errors) from None


def _options(said: object, content_type: str | None, title: str) -> ReadOptions:
    try:
        told = ReadOptions.from_json(cast("dict[str, Any]", said))
        return replace(told, kind=kind_of(content_type, told.kind, title))
    except InvalidFile as error:
        raise refused(error, "/options/") from None
