import stat
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from service.data.archive import opened_archive, read_member
from service.data.errors import InvalidFile
from tests.service.data.files import csv_file, picture, picture_members, pictures_file, refused, zip_file


@pytest.mark.parametrize("name", ["../cats/x.png", "/etc/x.png", "cats/../../x.png", "C:/x.png", "cats\\x.png"])
def test_names_that_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    refused(pictures_file(tmp_path, {name: picture()}), "unacceptable", "unsafe name")


def test_a_name_with_a_nul_character(tmp_path: Path) -> None:
    path = pictures_file(tmp_path, {"cats/evil.png": picture()})
    path.write_bytes(path.read_bytes().replace(b"cats/evil.png", b"cats/\0vil.png"))

    refused(path, "unacceptable", "unsafe name")


def test_a_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("cats/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    refused(zip_file(tmp_path, [*picture_members().items(), (link, b"/etc/passwd")]), "unacceptable", "link")


def test_two_members_of_the_same_name(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        path = zip_file(tmp_path, [("cats/1.png", picture()), ("cats/1.png", picture(1))])

    refused(path, "unacceptable", "two members", "cats/1.png")


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = zip_file(tmp_path, {"cats/1.png": picture()})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)

    refused(path, "unacceptable", "encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_than_deflate(method: int, tmp_path: Path) -> None:
    refused(zip_file(tmp_path, picture_members(), method), "unacceptable", "another method")


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = pictures_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])

    refused(path, "unacceptable", "cut off")


def test_an_empty_zip_file(tmp_path: Path) -> None:
    refused(zip_file(tmp_path, {}), "unacceptable", "no images")


def test_a_directory_that_lies_about_its_members_is_counted(tmp_path: Path) -> None:
    path = zip_file(tmp_path, {f"a/{number}": b"" for number in range(200)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\5\6")
    struct.pack_into("<2H", content, at + 8, 1, 1)
    path.write_bytes(content)

    with pytest.raises(InvalidFile, match="200 members; the limit is 100") as caught, opened_archive(path, members=100):
        pass

    assert caught.value.reason == "too-large"


def test_more_members_than_the_limit(tmp_path: Path) -> None:
    path = zip_file(tmp_path, {f"a/{number}": b"" for number in range(200)})

    with pytest.raises(InvalidFile, match="200 members; the limit is 100"), opened_archive(path, members=100):
        pass


def test_a_directory_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    # No zip file at all: only an end that says that 4 GB of directory lie before it.
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFF0, 0, 0)

    refused(csv_file(tmp_path, b"PK\3\4" + bytes(100) + end), "too-large", "4,294,967,280 bytes")


def test_a_bomb_is_known_by_its_directory(tmp_path: Path) -> None:
    members = {f"cats/{number}.png": bytes(100_000_000) for number in range(1)}

    refused(zip_file(tmp_path, members), "too-large", "times its size", "200 times")


def test_more_bytes_than_the_limit_are_known_by_the_directory(tmp_path: Path) -> None:
    path = zip_file(tmp_path, {"cats/1.png": picture()})
    _rewrite(path, size=2_000_000_001)

    refused(path, "too-large", "2,000,000,001 bytes", "2,000,000,000")


@pytest.mark.parametrize("size", [10, 5_000])
def test_a_directory_that_lies_about_a_size(size: int, tmp_path: Path) -> None:
    path = zip_file(tmp_path, {"cats/1.png": picture()})
    _rewrite(path, size=size)

    refused(path, "unacceptable", "damaged", "cats/1.png")


def test_a_wrong_checksum(tmp_path: Path) -> None:
    path = zip_file(tmp_path, {"cats/1.png": picture()}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)

    refused(path, "unacceptable", "damaged", "cats/1.png")


def test_a_member_is_read_whole(tmp_path: Path) -> None:
    with opened_archive(zip_file(tmp_path, {"a/b": b"content", "c/": b""}), members=5) as (archive, infos):
        assert [info.filename for info in infos] == ["a/b"]
        assert read_member(archive, infos[0]) == b"content"


def _rewrite(path: Path, **sizes: Any) -> None:
    """Write another unpacked size into the directory's first entry."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, content.index(b"PK\1\2") + 24, sizes["size"])
    path.write_bytes(content)
