import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.data.digits import coverage
from service.data.pictures import read_picture
from tests.service.data.files import (
    picture,
    picture_members,
    pictures_file,
    png_of,
    prepared,
    refused,
    zip_file,
)


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_a_folder_is_a_class(tmp_path: Path) -> None:
    result = prepared(pictures_file(tmp_path))

    description = result.description
    assert (description.kind, description.rows, description.input_shape) == ("images", 12, (16, 16))
    assert (description.target, description.class_names, description.class_counts) == (
        "folder",
        ("cats", "dogs"),
        (6, 6),
    )
    assert description.preview[0] == ("cats/0.png", "cats")
    assert result.inputs.min() >= 0
    assert result.inputs.max() <= 1


def test_folders_above_the_classes_and_clutter_do_not_matter(tmp_path: Path) -> None:
    plain = prepared(pictures_file(tmp_path)).description
    deep = {f"data/train/{name}": content for name, content in picture_members().items()}
    clutter = {"__MACOSX/data/._x.png": b"x", "data/train/cats/.DS_Store": b"x", "data/Thumbs.db": b"x"}

    description = prepared(zip_file(tmp_path, {**deep, **clutter})).description

    assert (description.class_names, description.fingerprint) == (plain.class_names, plain.fingerprint)


@pytest.mark.parametrize("side", [8, 64])
def test_the_side_is_asked_for(side: int, tmp_path: Path) -> None:
    assert prepared(pictures_file(tmp_path), image_side=side).description.input_shape == (side, side)


@pytest.mark.parametrize("side", [7, 65])
def test_a_side_outside_of_the_limits(side: int, tmp_path: Path) -> None:
    assert refused(pictures_file(tmp_path), "unacceptable", "8 to 64", image_side=side).field == "image_side"


def test_a_picture_is_averaged_over_areas(tmp_path: Path) -> None:
    content = picture(3, size=(50, 30), mode="RGB")
    pixels = read_picture(content, "x").astype(float)
    gray = pixels @ [0.299, 0.587, 0.114] / 255

    result = prepared(zip_file(tmp_path, {**picture_members(), "cats/new.png": content}))

    expected = coverage(30, 16) @ gray @ coverage(50, 16).T
    assert np.abs(result.inputs - expected).max(axis=(1, 2)).min() < 1e-5


def test_the_encoder_gives_what_training_saw(tmp_path: Path) -> None:
    members = {**picture_members(), "cats/color.png": picture(7, mode="RGB", size=(40, 20))}
    result = prepared(zip_file(tmp_path, members))

    again = result.encoder.encode([{"image": read_picture(content, "x").tolist()} for content in members.values()])

    assert {image.tobytes() for image in again} == {image.tobytes() for image in result.inputs}


def test_palettes_transparency_and_sixteen_bits() -> None:
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    deep = Image.fromarray(np.full((4, 4), 65_535, np.uint16))
    bits = Image.new("1", (4, 4), 1)

    assert read_picture(saved(palette), "x")[0, 0].tolist() == [255, 0, 0]
    # What is transparent is laid over white.
    assert read_picture(saved(clear), "x")[0, 0].tolist() == [255, 255, 255]
    assert read_picture(saved(deep), "x").max() == 65_535
    assert read_picture(saved(bits), "x").tolist() == [[255] * 4] * 4


def test_photographs_stand_upright() -> None:
    turned = Image.fromarray(np.repeat([[0, 255]], 20, axis=0).repeat(10, axis=1).astype(np.uint8))
    exif = turned.getexif()
    # Orientation 6: the camera was turned, the picture's left side is its top.
    exif[0x0112] = 6
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)

    upright = read_picture(file.getvalue(), "x")

    assert upright[0].mean() == 0
    assert upright[-1].mean() == 255


def test_colors_of_the_printing_press_are_refused(tmp_path: Path) -> None:
    cmyk = saved(Image.new("CMYK", (8, 8)), "JPEG")

    refused(pictures_file(tmp_path, {"cats/print.jpg": cmyk}), "unacceptable", "cats/print.jpg", "CMYK", "RGB")


@pytest.mark.parametrize(("width", "height"), [(9_000, 9_000), (13_000, 13_000), (60_000, 60_000), (25_000_001, 1)])
def test_a_small_file_of_many_pixels_is_not_decoded(width: int, height: int, tmp_path: Path) -> None:
    bomb = bytearray(png_of(8, 8))
    struct.pack_into(">II", bomb, 16, width, height)
    struct.pack_into(">I", bomb, 29, zlib.crc32(bomb[12:29]))

    refused(pictures_file(tmp_path, {"cats/bomb.png": bytes(bomb)}), "too-large", "cats/bomb.png", "25 million")


def test_animations(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in range(5)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])

    refused(
        pictures_file(tmp_path, {"cats/moving.png": file.getvalue()}), "unacceptable", "cats/moving.png", "animation"
    )


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "WEBP"])
def test_other_formats_are_refused_by_content(kind: str, tmp_path: Path) -> None:
    other = saved(Image.new("RGB", (8, 8)), kind)

    refused(pictures_file(tmp_path, {"cats/x.png": other}), "unsupported", "cats/x.png", "PNG nor a JPEG")


@pytest.mark.parametrize("content", [b"<svg/>", b"%!PS-Adobe", b"%PDF-1.7", b"SIMPLE  = T", b"<html>", b"PK\3\4", b""])
def test_documents_named_like_images(content: bytes, tmp_path: Path) -> None:
    refused(pictures_file(tmp_path, {"cats/x.png": content}), "unsupported", "cats/x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_images_that_were_cut_off(kind: str, share: float, tmp_path: Path) -> None:
    content = picture(size=(60, 60), kind=kind)
    cut = content[: int(len(content) * share)]

    refused(pictures_file(tmp_path, {"cats/half.png": cut}), "unacceptable", "cats/half.png", "damaged")


@pytest.mark.parametrize("name", ["top.png", "cats/young/a.png"])
def test_images_outside_of_the_folders(name: str, tmp_path: Path) -> None:
    refused(pictures_file(tmp_path, {name: picture()}), "unacceptable", name.rpartition("/")[2], "folder")


def test_a_folder_whose_name_cannot_be_shown(tmp_path: Path) -> None:
    error = refused(pictures_file(tmp_path, {"bell\x07/a.png": picture()}), "unacceptable", "folder")

    assert "\x07" not in error.detail


def test_a_single_folder_is_one_class(tmp_path: Path) -> None:
    members = {name: content for name, content in picture_members(12).items() if name.startswith("cats")}

    refused(zip_file(tmp_path, members), "unacceptable", "'cats'", "nothing to learn")


def test_what_pictures_lose_is_said(tmp_path: Path) -> None:
    extra = {"cats/wide.png": picture(size=(90, 30)), "dogs/color.png": picture(mode="RGB", size=(20, 20))}

    findings = {finding.code: finding for finding in prepared(pictures_file(tmp_path, extra)).description.findings}

    assert findings["colors-lost"].sentence.startswith("1 of 14 images")
    assert findings["squeezed-images"].sentence.startswith("1 images")
    assert findings["enlarged-images"].sentence.startswith("12 images")


def test_a_table_s_options_are_refused(tmp_path: Path) -> None:
    assert refused(pictures_file(tmp_path), "unacceptable", "tables", group_column="a").field == "group_column"
    assert refused(pictures_file(tmp_path), "unacceptable", "folder", target="a").field == "target"
