import bz2
import gzip
import pickle
from pathlib import Path

import pytest

from service.data.sniffing import sniff
from tests.service.data.files import (
    csv_file,
    npz_file,
    parquet_file,
    picture,
    pictures_file,
    prepared,
    refused,
    table_text,
    zip_file,
)

PDF = b"%PDF-1.7\n1 0 obj\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (picture(), "a PNG image"),
        (picture(kind="JPEG"), "a JPEG image"),
        (picture(kind="GIF"), "a GIF image"),
        (picture(kind="TIFF"), "a TIFF image"),
        (picture(kind="BMP"), "a BMP image"),
        (b"SIMPLE  =                    T", "a FITS image"),
        (PDF, "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript document"),
        (SVG, "an HTML, SVG or XML document"),
        (b"  <!DOCTYPE html><html></html>", "an HTML, SVG or XML document"),
        (b"<?xml version='1.0'?><a/>", "an HTML, SVG or XML document"),
        (gzip.compress(table_text().encode()), "a gzip file; unpack it"),
        (pickle.dumps([1, 2, 3]), "a Python pickle"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x93NUMPY\x01\x00", "a single NumPy array"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x7fELF\x02\x01", "a program"),
        (bz2.compress(table_text().encode()), "a bzip2 file; unpack it"),
        (b'{"rows": [1, 2]}', "a JSON document"),
        (b"[[1, 2], [3, 4]]", "a JSON document"),
        (bytes(range(256)) * 8, "neither a text in UTF-8"),
    ],
)
def test_what_is_not_read_is_named_by_its_content(content: bytes, named: str, tmp_path: Path) -> None:
    refused(csv_file(tmp_path, content), "unsupported", named, "CSV, Parquet, NPZ")


def test_a_spreadsheet_is_a_zip_file_that_is_not_read(tmp_path: Path) -> None:
    workbook = zip_file(tmp_path, {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})

    refused(workbook, "unsupported", "Excel", "CSV")


def test_each_kind_is_found_by_its_content(tmp_path: Path) -> None:
    assert sniff(csv_file(tmp_path)) == "csv"
    assert sniff(parquet_file(tmp_path)) == "parquet"
    assert sniff(npz_file(tmp_path)) is None
    assert sniff(pictures_file(tmp_path)) is None


@pytest.mark.parametrize("kind", ["parquet", "npz", "images"])
def test_a_kind_that_the_content_is_not(kind: str, tmp_path: Path) -> None:
    error = refused(csv_file(tmp_path), "unsupported", "of the kind csv", kind, kind=kind)

    assert error.field == "kind"


@pytest.mark.parametrize("name", ["BMI", "BZh", "MM", "{x}", "[cm]"])
def test_a_column_may_be_called_like_the_start_of_another_file(name: str, tmp_path: Path) -> None:
    text = table_text().replace("length", name, 1)

    assert prepared(csv_file(tmp_path, text)).description.columns[0].name == name


def test_an_encrypted_parquet_file(tmp_path: Path) -> None:
    refused(csv_file(tmp_path, b"PARE" + bytes(100) + b"PARE"), "unacceptable", "encrypted")


def test_a_file_above_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(200_000_001)

    refused(path, "too-large", "200,000,001 bytes", "200,000,000")
