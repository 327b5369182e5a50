"""What the numbers of a row of the built-in tables are, in their order; pictures need no names."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_OF_NUCLEI: Final = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)

COLUMN_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "breast-cancer": (
            *(f"mean {name}" for name in _OF_NUCLEI),
            *(f"{name} error" for name in _OF_NUCLEI),
            *(f"worst {name}" for name in _OF_NUCLEI),
        ),
        "diabetes": ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        "iris": ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
        "spirals": ("x", "y"),
        "wine": (
            "alcohol",
            "malic acid",
            "ash",
            "alcalinity of ash",
            "magnesium",
            "total phenols",
            "flavanoids",
            "nonflavanoid phenols",
            "proanthocyanins",
            "color intensity",
            "hue",
            "od280/od315 of diluted wines",
            "proline",
        ),
    }
)
"""By the name of the data set; those of scikit-learn's tables are its `feature_names`."""
