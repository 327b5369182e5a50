"""What kind of file it is, by its first bytes: names and extensions say nothing."""

import codecs
import re
from pathlib import Path
from typing import Final

from service.data.description import Kind
from service.data.errors import InvalidFile
from service.data.limits import MAX_FILE_BYTES

READ: Final = (
    "CSV, Parquet, NPZ with the arrays X and y, and zip files of PNG or JPEG images in one folder per class are read"
)
HEAD_BYTES: Final = 4096

_OTHERS: Final = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"SIMPLE  =", "a FITS image"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"\xfd7zXZ", "an xz file; unpack it first"),
    (b"(\xb5/\xfd", "a zstd file; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; make a zip file"),
    (b"Rar!", "a RAR archive; make a zip file"),
    (b"\x93NUMPY", "a single NumPy array; save X and y with numpy.savez"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file; save the sheet as CSV"),
    (b"ARROW1", "an Arrow file; save it as Parquet"),
    (b"\x7fELF", "a program"),
)
_PATTERNS: Final = (
    # The first letters alone might be a column called BMI.
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), "a BMP image"),
    (re.compile(rb"BZh[1-9]1AY&SY"), "a bzip2 file; unpack it first"),
    (re.compile(rb"\x80[\x02-\x05]"), "a Python pickle, which could run code and is never opened"),
    (re.compile(rb"\s*<(?:!doctype|html|\?xml|svg|head|body)", re.IGNORECASE), "an HTML, SVG or XML document"),
    (re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\d])"), "a JSON document; save the table as CSV"),
)
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\v\f\r")
_MOST_CONTROLS: Final = 0.1


def sniff(path: Path) -> Kind | None:
    """Return the kind of the file: "csv", "parquet", or None for a zip file, whose members say what it is.

    Raises InvalidFile for whatever is not read, naming what it is.
    """
    size = path.stat().st_size
    if size == 0:
        raise InvalidFile("unacceptable", f"the file is empty (0 bytes); {READ}")
    if size > MAX_FILE_BYTES:
        detail = f"the file has {size:,} bytes; the limit is {MAX_FILE_BYTES:,}. Take fewer rows or columns"
        raise InvalidFile("too-large", detail)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return None
    if head.startswith(b"PARE"):
        raise InvalidFile("unacceptable", "the Parquet file is encrypted; save it without encryption")
    if head.startswith(b"PAR1"):
        return "parquet"
    for start, name in _OTHERS:
        if head.startswith(start):
            raise InvalidFile("unsupported", f"this is {name}. {READ}")
    for pattern, name in _PATTERNS:
        if pattern.match(head):
            raise InvalidFile("unsupported", f"this is {name}. {READ}")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise InvalidFile("unacceptable", "the text is encoded as UTF-16 or UTF-32; save it as UTF-8")
    controls = sum(head.count(byte) for byte in _CONTROLS)
    # A NUL or two in a text are named with their line later on.
    if controls > _MOST_CONTROLS * len(head):
        raise InvalidFile(
            "unsupported", f"this is neither a text in UTF-8 nor any other kind of file that is read. {READ}"
        )
    return "csv"
