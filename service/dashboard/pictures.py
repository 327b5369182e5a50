"""Small pictures for pages: a PNG file made of an array, as an address that holds the file itself."""

import base64
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB = 0, 2


def picture_address(values: NDArray[Any], low: float, high: float) -> str:
    """Return a `data:` address of an image (height, width) or (channels, height, width); `low` is black, `high` white.

    Three channels are red, green and blue; any other number of them is averaged.
    """
    if values.ndim == 3:
        values = np.moveaxis(values, 0, -1) if len(values) == 3 else values.mean(axis=0)
    scaled = (np.nan_to_num(values.astype(np.float64)) - low) / ((high - low) or 1.0)
    return "data:image/png;base64," + base64.b64encode(_png((scaled.clip(0, 1) * 255).astype(np.uint8))).decode()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file (ISO/IEC 15948) of pixels (height, width) or (height, width, 3)."""
    height, width = pixels.shape[:2]
    kind = _RGB if pixels.ndim == 3 else _GRAY
    # Each line begins with the filter that it was sent through: 0 is none.
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
