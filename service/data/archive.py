"""Opens zip files that nobody vouches for: everything that the directory says is checked before a member is read."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from service.data.errors import InvalidFile, shown
from service.data.limits import (
    MAX_DECODED_BYTES,
    MAX_ZIP_DIRECTORY_BYTES,
    MAX_ZIP_RATIO,
    SMALL_ZIP_BYTES,
)

# APPNOTE.TXT 6.3.10, 4.3.16: signature, three disk fields, members, bytes and offset of the directory, comment length.
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\5\6"
_MAX_COMMENT: Final = 65_535
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1

DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` and `zlib` raise on files that are not what they say."""


@contextmanager
def opened_archive(path: Path, *, members: int) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """Open the zip file at `path` and list its files, folders left out, after every check that needs no unpacking.

    Raises InvalidFile for more than `members` members, bombs, unsafe or double names, links, encrypted members and
    methods other than deflate, and where the file is damaged.
    """
    _check_directory(path, members)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as error:
        raise damaged(error) from error
    with archive:
        yield archive, _checked(archive, path.stat().st_size, members)


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content, never more than the directory says. Raises InvalidFile where it is damaged."""
    try:
        with archive.open(info) as file:
            content = file.read(info.file_size + 1)
    except DAMAGED as error:
        raise damaged(error, info.filename) from error
    if len(content) != info.file_size:
        raise damaged(None, info.filename)
    return content


def damaged(error: Exception | None, member: str | None = None) -> InvalidFile:
    """Return the refusal of a zip file that cannot be read."""
    where = "" if member is None else f" at the member {shown(member)}"
    why = "" if error is None else f" ({type(error).__name__})"
    return InvalidFile("unacceptable", f"the zip file is damaged{where}{why}; make it again and compare checksums")


def _check_directory(path: Path, members: int) -> None:
    """Refuse a directory that is too large before `zipfile` makes an object of each of its entries."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size - _MAX_COMMENT))
        tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise InvalidFile("unacceptable", "the zip file has no directory: it was cut off; make or send it again")
    _, _, _, _, count, directory_bytes, _, _ = _END.unpack_from(tail, at)
    # 0xFFFFFFFF would be a zip64 file, whose directory alone is larger than any file that is taken.
    if directory_bytes > min(MAX_ZIP_DIRECTORY_BYTES, 2_000 * members):
        detail = f"the zip file's directory has {directory_bytes:,} bytes, too many for {members:,} members, the limit"
        raise InvalidFile("too-large", f"{detail}. Take fewer files, with shorter names")
    if count > members:
        raise _too_many(count, members)


def _too_many(count: int, members: int) -> InvalidFile:
    return InvalidFile("too-large", f"the zip file has {count:,} members; the limit is {members:,}. Take fewer")


def _checked(archive: zipfile.ZipFile, packed: int, members: int) -> list[zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > members:
        raise _too_many(len(infos), members)
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_DECODED_BYTES:
        detail = f"the zip file unpacks to {unpacked:,} bytes; the limit is {MAX_DECODED_BYTES:,}. Take fewer rows"
        raise InvalidFile("too-large", detail)
    if unpacked > SMALL_ZIP_BYTES and unpacked > MAX_ZIP_RATIO * packed:
        detail = f"the zip file unpacks to {unpacked // packed:,} times its size; the limit is {MAX_ZIP_RATIO} times"
        raise InvalidFile("too-large", f"{detail}. Store it with less compression")
    seen: set[str] = set()
    for info in infos:
        _check_member(info)
        if info.filename in seen:
            detail = f"the zip file has two members called {shown(info.filename)}; keep one of them"
            raise InvalidFile("unacceptable", detail)
        seen.add(info.filename)
    return [info for info in infos if not info.is_dir()]


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = PurePosixPath(name).parts
    if not name or "\\" in name or "\0" in name or ":" in name or name.startswith("/") or ".." in parts:
        detail = f"the zip file has a member with an unsafe name, {shown(name)}; names are relative, without '..', "
        raise InvalidFile("unacceptable", f"{detail}colons and backslashes")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        detail = f"the member {shown(name)} is a link or a device, not a file; put the file itself into the zip file"
        raise InvalidFile("unacceptable", detail)
    if info.flag_bits & _ENCRYPTED:
        raise InvalidFile(
            "unacceptable", f"the member {shown(name)} is encrypted; make the zip file without a password"
        )
    if info.compress_type not in _METHODS:
        detail = f"the member {shown(name)} is compressed by another method than deflate; make an ordinary zip file"
        raise InvalidFile("unacceptable", detail)
