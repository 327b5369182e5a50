import pytest

from service.data.built_in import BUILT_IN
from service.data.built_in_columns import COLUMN_NAMES


def test_every_table_has_a_name_for_each_number() -> None:
    tables = {name: built_in.input_shape for name, built_in in BUILT_IN.items() if len(built_in.input_shape) == 1}

    assert {name: (len(names),) for name, names in COLUMN_NAMES.items()} == tables


@pytest.mark.parametrize(
    ("name", "loader"),
    [
        ("breast-cancer", "load_breast_cancer"),
        ("diabetes", "load_diabetes"),
        ("iris", "load_iris"),
        ("wine", "load_wine"),
    ],
)
def test_names_are_those_of_scikit_learn(name: str, loader: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = [str(each).replace("_", " ") for each in getattr(datasets, loader)().feature_names]

    assert list(COLUMN_NAMES[name]) == theirs
