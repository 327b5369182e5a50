"""Reads pictures: zip files with one folder per class, and single PNG and JPEG images.

Pillow is told the two formats that it may try, and the size is looked at before a pixel is decoded.
"""

import io
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from service.data.archive import opened_archive, read_member
from service.data.cells import is_missing
from service.data.description import Finding, ReadOptions
from service.data.errors import InvalidFile, shown
from service.data.limits import (
    MAX_ALL_PIXELS,
    MAX_MEMBERS,
    MAX_NAME_CHARACTERS,
    MAX_PICTURE_PIXELS,
    MAX_PICTURES,
)
from service.data.picture_input import shrunk
from service.data.table import Images, Texts, cut

PREVIEW_ROWS: Final = 10
_FORMATS: Final = ("PNG", "JPEG")
_STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_MODES: Final = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}
_DEEP_MODES: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_CLUTTER: Final = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def read_pictures(path: Path, options: ReadOptions) -> Images:
    """Read a zip file of pictures; a picture's class is the folder that it lies in. Raises InvalidFile."""
    with opened_archive(path, members=MAX_MEMBERS) as (archive, members):
        infos = sorted((info for info in members if not _is_clutter(info.filename)), key=lambda info: info.filename)
        if not infos:
            raise InvalidFile("unacceptable", "the zip file holds no images; put them in, one folder per class")
        if len(infos) > MAX_PICTURES:
            detail = f"the zip file has {len(infos):,} images; the limit is {MAX_PICTURES:,}. Take a sample of them"
            raise InvalidFile("too-large", detail)
        folders = _folders(infos)
        side = options.image_side
        values = np.empty((len(infos), side, side), np.float32)
        sizes: list[tuple[int, int]] = []
        colored = pixels = 0
        for row, info in enumerate(infos):
            picture = read_picture(read_member(archive, info), info.filename)
            height, width = picture.shape[:2]
            pixels += height * width
            if pixels > MAX_ALL_PIXELS:
                detail = f"the images have more than {MAX_ALL_PIXELS:,} pixels in all, the limit; make them smaller"
                raise InvalidFile("too-large", detail)
            sizes.append((width, height))
            colored += picture.ndim == 3
            values[row] = shrunk(picture, side)
    names = sorted(set(folders))
    places = {name: place for place, name in enumerate(names)}
    return Images(
        kind="images",
        name="image",
        values=values,
        target=Texts("folder", np.array([places[folder] for folder in folders], np.int64), tuple(names)),
        preview=tuple((cut(info.filename),) for info in infos[:PREVIEW_ROWS]),
        examples=tuple(f"{width} x {height}" for width, height in list(dict.fromkeys(sizes))[:5]),
        use=f"in gray, shrunk to {side} x {side} pixels from 0 (black) to 1 (white)",
        findings=_findings(sizes, colored, side),
    )


def read_picture(content: bytes, name: str) -> NDArray[Any]:
    """Return a PNG or JPEG image as (height, width) or (height, width, 3), uint8 or, for 16-bit gray, uint16.

    What is transparent is laid over white. `name` is what messages call the image. Raises InvalidFile.
    """
    if not content.startswith(_STARTS):
        detail = f"{shown(name)} is neither a PNG nor a JPEG image; convert it or leave it out of the zip file"
        raise InvalidFile("unsupported", detail)
    try:
        # Pillow warns of bombs and of damage; whatever it warns of is refused here.
        with warnings.catch_warnings(action="error"), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            _check(image, name)
            # Telephones store how they were held, not the picture as it is seen.
            return _pixels(ImageOps.exif_transpose(image), name)
    except InvalidFile:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, "more pixels than Pillow opens") from error
    # The plug-ins raise almost anything on damaged files.
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError) as error:
        raise _damaged(name, error) from error
    except (EOFError, ValueError, Warning) as error:
        raise _damaged(name, error) from error


def _check(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PICTURE_PIXELS:
        raise _too_large(name, f"{width:,} x {height:,} pixels")
    if getattr(image, "n_frames", 1) != 1:
        raise InvalidFile("unacceptable", f"{shown(name)} is an animation; save one of its frames as a PNG image")


def _too_large(name: str, what: str) -> InvalidFile:
    limit = f"the limit is {MAX_PICTURE_PIXELS // 1_000_000} million"
    return InvalidFile("too-large", f"{shown(name)} has {what}; {limit} pixels. Make it smaller")


def _damaged(name: str, error: Exception) -> InvalidFile:
    detail = f"the image {shown(name)} is damaged ({type(error).__name__}); save it again or leave it out"
    return InvalidFile("unacceptable", detail)


def _pixels(image: Image.Image, name: str) -> NDArray[Any]:
    if image.mode in _DEEP_MODES:
        return np.asarray(image).astype(np.uint16)
    if image.mode not in _MODES:
        detail = f"{shown(name)} has colors of the kind {image.mode}; save it as gray or RGB"
        raise InvalidFile("unacceptable", detail)
    transparent = "transparency" in image.info or image.mode in ("LA", "PA", "RGBA")
    if not transparent:
        return np.asarray(image.convert(_MODES[image.mode]))
    color = image.convert("RGBA")
    white = Image.new("RGBA", color.size, "white")
    return np.asarray(Image.alpha_composite(white, color).convert("RGB"))


def _is_clutter(name: str) -> bool:
    """Whether a file was put there by an operating system."""
    return any(part in _CLUTTER or part.startswith("._") for part in PurePosixPath(name).parts)


def _folders(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Return each picture's class: the one folder that it lies in, below folders that all of them share."""
    parts = [PurePosixPath(info.filename).parts for info in infos]
    shared = 0
    while all(len(part) > shared + 2 for part in parts) and len({part[shared] for part in parts}) == 1:
        shared += 1
    for info, part in zip(infos, parts, strict=True):
        if len(part) != shared + 2:
            raise InvalidFile(
                "unacceptable",
                f"{shown(info.filename)} does not lie in a folder of its class; the zip file holds one folder per "
                "class, with images in it and no folders below",
            )
        folder = part[shared]
        if len(folder) > MAX_NAME_CHARACTERS or not folder.isprintable() or is_missing(folder):
            detail = (
                f"the folder {shown(folder)} has no fit name for a class; take 1 to {MAX_NAME_CHARACTERS} printable"
            )
            raise InvalidFile("unacceptable", f"{detail} characters")
    return [part[shared] for part in parts]


def _findings(sizes: list[tuple[int, int]], colored: int, side: int) -> tuple[Finding, ...]:
    findings = []
    if colored:
        sentence = (
            f"{colored:,} of {len(sizes):,} images are stored in color and were turned to gray. Where color tells the "
            "classes apart, that is lost; bring them as an NPZ file with X (rows, channels, height, width) instead."
        )
        findings.append(Finding("colors-lost", "info", ("image",), sentence))
    skewed = sum(max(size) > 2 * min(size) for size in sizes)
    if skewed:
        sentence = (
            f"{skewed:,} images are more than twice as wide as high, or as high as wide; shrinking them to a square "
            "squeezes them. Cut them to squares if their shape matters."
        )
        findings.append(Finding("squeezed-images", "warning", ("image",), sentence))
    small = sum(min(size) < side for size in sizes)
    if small:
        sentence = (
            f"{small:,} images have fewer than {side} pixels along one side and were enlarged. "
            "Take a smaller image_side if most of them are."
        )
        findings.append(Finding("enlarged-images", "info", ("image",), sentence))
    return tuple(findings)
