"""The documentation names every limit, kind and finding as the code has it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from service.data import limits
from service.data.built_in import BUILT_IN
from service.data.cells import MISSING_WORDS
from service.data.description import ColumnType, Kind, ReadOptions

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "data.md").read_text()


@pytest.mark.parametrize(
    "number",
    [
        f"{limits.MAX_FILE_BYTES // limits.MEGABYTE} MB",
        f"{limits.MAX_DECODED_BYTES // 10**9} GB, and not more than {limits.MAX_ZIP_RATIO} times",
        f"{limits.MAX_ROWS:,}; {limits.MAX_COLUMNS:,}; {limits.MAX_CELLS:,}",
        f"{limits.MAX_CELL_CHARACTERS:,}; {limits.MAX_NAME_CHARACTERS}",
        f"{limits.MAX_INPUTS:,}; in all rows together {limits.MAX_PREPARED_VALUES:,}",
        f"| classes | {limits.MAX_CLASSES:,} |",
        f"{limits.MAX_PICTURES:,}, each with {limits.MAX_PICTURE_PIXELS // 10**6} million",
        f"{limits.MAX_ALL_PIXELS // 10**9} billion",
        f"{limits.ChildLimits().memory_bytes // 10**9} GB of memory, {limits.ChildLimits().processor_seconds} seconds",
        f"{limits.ChildLimits().wall_seconds:.0f} seconds in all",
        f"{limits.MIN_IMAGE_SIDE} to {limits.MAX_IMAGE_SIDE}",
        f"the {limits.MAX_CATEGORIES} most frequent values",
        f"the {limits.MAX_WORDS:,} words",
        f"at least {limits.MIN_ROWS} must remain",
    ],
)
def test_limits_are_documented(number: str) -> None:
    assert number in PAGE


@pytest.mark.parametrize("name", [*get_args(Kind), *get_args(ColumnType), *ReadOptions.__dataclass_fields__, *BUILT_IN])
def test_names_are_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_finding_is_documented() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "service" / "data").glob("*.py"))
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', sources))

    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_what_counts_as_missing_is_documented() -> None:
    page = PAGE.lower()

    assert [word for word in MISSING_WORDS if word and f"`{word}`" not in page] == []
