"""What a request says about a file before the file comes: its name, its kind, its label, its digest."""

import base64
import binascii
import re
from pathlib import PurePosixPath
from typing import Annotated, Final, assert_never, get_args

from fastapi import Path
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from service.api.problems import printable
from service.data.description import Kind
from service.data.errors import InvalidFile
from service.errors import (
    CambrianError,
    FieldError,
    InvalidDatasetFile,
    PayloadTooLarge,
    Unprocessable,
    UnsupportedMediaType,
)

NAME_PATTERN: Final = "[a-z0-9][a-z0-9._-]{0,99}"
NAME_RULE: Final = (
    "must be 1 to 100 lower-case letters, digits, dots, underscores and hyphens, the first one a letter or a digit"
)
LABEL_CHARACTERS: Final = 200

ANY_TYPE: Final = "application/octet-stream"
MEDIA_TYPES: Final[dict[str, tuple[Kind, ...]]] = {
    "text/csv": ("csv",),
    "application/vnd.apache.parquet": ("parquet",),
    "application/x-npz": ("npz",),
    "application/zip": ("images", "npz"),
    ANY_TYPE: get_args(Kind),
}
"""What is accepted, and the kinds of files that it may be."""

_SUFFIXES: Final[dict[str, Kind]] = {".csv": "csv", ".parquet": "parquet", ".npz": "npz"}
_CHARSET: Final = re.compile(r'charset\s*=\s*"?utf-?8"?|header\s*=\s*"?present"?|', re.IGNORECASE)
_SHA256: Final = re.compile(r"(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?(?=,|$)")


def _name(text: str) -> str:
    if not is_name(text):
        raise PydanticCustomError("explained", NAME_RULE)
    return text


NewName = Annotated[str, AfterValidator(_name), Path(description="Name of the data set")]


def is_name(text: str) -> bool:
    """Say whether an uploaded data set may have this name."""
    return re.fullmatch(NAME_PATTERN, text) is not None


def kind_of(content_type: str | None, kind: Kind | None, label: str | None) -> Kind | None:
    """Return the kind of file that is promised: by the option, the media type or the ending of the file's name.

    None where nothing promises one: then the content decides. Raises UnsupportedMediaType for a media type that is not
    read, and for two promises that differ; whether the content keeps the promise is found when it is read.
    """
    media_type, _, parameters = (content_type or ANY_TYPE).partition(";")
    media_type = media_type.strip().lower()
    if media_type not in MEDIA_TYPES or not all(_CHARSET.fullmatch(one.strip()) for one in parameters.split(";")):
        raise UnsupportedMediaType(f"the Content-Type of a file must be one of {', '.join(MEDIA_TYPES)}, in UTF-8")
    promised = MEDIA_TYPES[media_type]
    if kind is not None and kind not in promised:
        raise UnsupportedMediaType(f"the Content-Type {media_type} and the option kind={kind} contradict each other")
    named = _SUFFIXES.get(PurePosixPath(label or "").suffix.lower())
    if kind is None and named in promised:
        return named
    return kind or (None if media_type == ANY_TYPE else promised[0])


def label_of(file_name: str) -> str:
    """Return the name of a file on its owner's machine as a label: the last part, printable, not too long."""
    last = re.split(r"[/\\]", file_name)[-1]
    return "".join(character for character in last if character.isprintable()).strip()[:LABEL_CHARACTERS]


def digest_of(header: str, value: str | None) -> bytes | None:
    """Return the SHA-256 that a digest header (RFC 9530) names; other algorithms are passed over.

    Raises Unprocessable.
    """
    found = _SHA256.search(value or "")
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        detail = "must be sha-256=:BASE64:, the 32 bytes of the digest in base64"
        raise Unprocessable(f"{header}: {detail}", errors=[FieldError(header, detail)])
    return digest


def refused(error: InvalidFile, prefix: str) -> CambrianError:
    """Return a file's refusal as an answer; `prefix` leads to the options of the request: `?` or `/options/`."""
    errors = [] if error.field is None else [FieldError(prefix + printable(error.field), error.detail)]
    match error.reason:
        case "too-large":
            return PayloadTooLarge(error.detail, errors=errors)
        case "unsupported":
            return UnsupportedMediaType(error.detail, errors=errors)
        case "unacceptable":
            return InvalidDatasetFile(error.detail, errors=errors)
        case unknown:
            assert_never(unknown)
