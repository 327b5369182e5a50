"""How large a file may be that a user brings; docs/data.md lists the same numbers.

They are counted before and while something is read, never after: what is too large is refused, not held.
"""

from dataclasses import dataclass
from typing import Final

MEGABYTE: Final = 1_000_000

MAX_FILE_BYTES: Final = 200 * MEGABYTE
MAX_DECODED_BYTES: Final = 2_000 * MEGABYTE
"""Bytes of a file's content once it is unpacked."""

MAX_ROWS: Final = 1_000_000
MIN_ROWS: Final = 10
MAX_COLUMNS: Final = 2_000
MAX_CELLS: Final = 100_000_000
MAX_CELL_CHARACTERS: Final = 131_072
MAX_NAME_CHARACTERS: Final = 200
"""Characters in the name of a column or a class."""

MAX_INPUTS: Final = 10_000
"""Numbers per row that enter a network."""

MAX_PREPARED_VALUES: Final = 200 * MEGABYTE
"""Rows times input values of a prepared data set: 800 MB in memory."""

MAX_CLASSES: Final = 1_000
MAX_CATEGORIES: Final = 100
"""Different values of one column that get an input each; the rarer ones share none."""

MAX_WORDS: Final = 1_000
"""Words of one text column that get an input each."""

MAX_PICTURES: Final = 100_000
MAX_PICTURE_PIXELS: Final = 25 * MEGABYTE
MAX_ALL_PIXELS: Final = 4_000 * MEGABYTE
MIN_IMAGE_SIDE: Final = 8
MAX_IMAGE_SIDE: Final = 64

MAX_MEMBERS: Final = MAX_PICTURES + 10_000
"""Members of a zip file; some tools write one for every folder too."""

MAX_ZIP_RATIO: Final = 200
"""Unpacked bytes for each packed one, in zip files that unpack to more than `SMALL_ZIP_BYTES`."""

SMALL_ZIP_BYTES: Final = 20 * MEGABYTE
MAX_ZIP_DIRECTORY_BYTES: Final = 20 * MEGABYTE
MAX_ARRAYS: Final = 2
"""Members of an NPZ file: X and y."""

MAX_NPY_HEADER_BYTES: Final = 10_000
MAX_PARQUET_FOOTER_BYTES: Final = 16 * MEGABYTE

MAX_SHOWN_CHARACTERS: Final = 80
"""Characters of a user's content that a message repeats."""

MAX_OPTIONS_BYTES: Final = 100_000
MAX_ANSWER_BYTES: Final = 16 * MEGABYTE


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the process that reads one file may use before it is ended."""

    memory_bytes: int = 4_000 * MEGABYTE
    processor_seconds: int = 120
    wall_seconds: float = 300.0
