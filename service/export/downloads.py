"""The files that a network is handed out as; the same network gives the same bytes of each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from core.export import from_bytes
from core.snippet import to_snippet
from service.export.onnx_file import to_onnx
from service.store.entities import DownloadFormat

FILE_NAMES: Final[Mapping[DownloadFormat, str]] = MappingProxyType(
    {"npz": "network.npz", "onnx": "network.onnx", "snippet": "network.py"}
)


def write_download(format: DownloadFormat, content: bytes) -> bytes:  # noqa: A002 - the word of the API
    """Return the file of a format, from the `.npz` file of the network.

    Raises core's InvalidNetworkFile for a damaged one, and OnnxUnavailable where the package is missing.
    """
    match format:
        case "npz":
            return content
        case "onnx":
            return to_onnx(from_bytes(content))
        case "snippet":
            return to_snippet(from_bytes(content)).encode("utf-8")
        case _:
            assert_never(format)
