"""Files that the API hands out: named safely, known by their SHA-256, and not sent twice."""

import base64
import hashlib
import re
import unicodedata
from typing import Any, Final

from starlette.responses import Response

from service.api.etags import matches
from service.errors import ModelDamaged

_UNSAFE: Final = re.compile(r"[^a-z0-9]+")


def describe_files(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of an operation that hands out a file, for OpenAPI."""
    return {
        200: {
            "description": "The file",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types},
            "headers": {
                "ETag": {"description": "SHA-256 of the file, in quotes", "schema": {"type": "string"}},
                "Repr-Digest": {"description": "SHA-256 of the file (RFC 9530)", "schema": {"type": "string"}},
                "Content-Disposition": {"description": "A safe file name", "schema": {"type": "string"}},
            },
        },
        304: {"description": "The file is still the one that If-None-Match names"},
    }


def not_modified(sha256: str, if_none_match: str | None) -> Response | None:
    """Return the answer to whoever has the file already; None for everybody else."""
    etag = f'"{sha256}"'
    if if_none_match is None or not matches(if_none_match, etag):
        return None
    return Response(status_code=304, headers=_headers(etag))


def attachment(content: bytes | None, sha256: str, media_type: str, name: str) -> Response:
    """Return a stored file to be saved under `name`. Raises ModelDamaged for another file than the one stored."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
    headers = _headers(f'"{sha256}"') | {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return Response(whole(content, sha256), media_type=media_type, headers=headers)


def whole(content: bytes | None, sha256: str) -> bytes:
    """Return a stored file. Raises ModelDamaged where it is gone, or another one than was stored."""
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        raise ModelDamaged("the stored file does not have the SHA-256 that was noted when it was stored")
    return content


def file_name(name: str, id: str, extension: str) -> str:  # noqa: A002 - what it is
    """Return a file name that is safe on every system and in every header: from a job's name, told apart by its id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    words = _UNSAFE.sub("-", plain)[:60].strip("-")
    # With the prefix no name is one that Windows reserves, such as CON.
    return f"cambrian-{words}-{id}.{extension}" if words else f"cambrian-{id}.{extension}"


def _headers(etag: str) -> dict[str, str]:
    # A finished job is final, but the address could be asked again after the job was deleted.
    return {"ETag": etag, "Cache-Control": "no-cache"}
