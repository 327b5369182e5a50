"""Write `shapes.zip`: pictures of circles, squares and triangles, a folder per class."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw

PER_CLASS = 150
SIDE = 32

rng = np.random.default_rng(3)


def draw(shape: str) -> Image.Image:
    """Draw one shape somewhere, in some size, on a noisy ground."""
    picture = Image.fromarray(rng.integers(0, 60, (SIDE, SIDE), dtype=np.uint8))
    pencil = ImageDraw.Draw(picture)
    radius = rng.integers(6, 11)
    x, y = rng.integers(radius + 1, SIDE - radius - 1, 2)
    light = int(rng.integers(140, 256))
    if shape == "circle":
        pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    elif shape == "square":
        pencil.rectangle((x - radius, y - radius, x + radius, y + radius), fill=light)
    else:
        pencil.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], fill=light)
    return picture


with zipfile.ZipFile("shapes.zip", "w") as archive:
    for shape in ("circle", "square", "triangle"):
        for number in range(PER_CLASS):
            buffer = io.BytesIO()
            draw(shape).save(buffer, "PNG")
            # An entry without the time of writing: the same file on every run.
            archive.writestr(zipfile.ZipInfo(f"{shape}/{number:03d}.png"), buffer.getvalue())
print("shapes.zip")
