from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolution.errors import InvalidSpace
from evolution.features import FeatureMap
from evolution.recipe import RecipeSpace
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, architecture
from tests.evolution.strategies import spaces

MAP = FeatureMap(SPACE)


def test_the_columns_fall_into_four_groups() -> None:
    activation, depth, place, size = MAP.groups

    assert [MAP.names[index] for index in activation] == ["is relu", "is tanh"]
    assert [MAP.names[index] for index in depth] == ["depth"]
    assert sorted([*activation, *depth, *place, *size]) == list(range(len(MAP.names)))
    assert len(place) == 2 * 3
    assert [MAP.names[index] for index in size] == [
        "smallest log2 units",
        "largest log2 units",
        "mean log2 units",
        "log2 parameters",
    ]


def test_widths_count_by_their_logarithm_from_both_ends() -> None:
    front, back = (MAP.names.index(f"log2 units of layer 1 from the {end}") for end in ("front", "back"))
    rows = MAP.matrix([(architecture(widths), TRAINING) for widths in ((4, 8), (8, 8), (16, 8), (4, 16))])

    assert rows[1, front] - rows[0, front] == pytest.approx(rows[2, front] - rows[1, front])
    assert rows[0, back] == rows[1, back] == rows[2, back] < rows[3, back]
    assert rows[0, front] == rows[3, front]


def test_logistic_regression_is_as_far_from_every_activation() -> None:
    none, relu, tanh = MAP.matrix(
        [(architecture(), TRAINING), (architecture((4,)), TRAINING), (architecture((4,), "tanh"), TRAINING)]
    )[:, MAP.groups[0]]

    assert np.linalg.norm(none - relu) == pytest.approx(np.linalg.norm(none - tanh))
    assert np.linalg.norm(relu - tanh) > np.linalg.norm(none - relu)


def test_no_rows_are_a_matrix_too() -> None:
    assert MAP.matrix([]).shape == (0, len(MAP.names))


def test_a_network_of_another_space_is_refused() -> None:
    with pytest.raises(InvalidSpace, match="max_layers=3"):
        MAP.matrix([(architecture((4, 4, 4, 4)), TRAINING)])


def test_only_what_a_space_varies_has_a_column() -> None:
    plain = SearchSpace((8, 8), 3, max_blocks=2, max_layers=1)
    rich = replace(plain, kernels=(3, 5), dropout=(0.0, 0.5), recipe=RecipeSpace())
    few, many = FeatureMap(plain), FeatureMap(rich)

    assert "blocks" in few.names
    assert [few.names[index] for index in few.groups[1]] == ["depth", "blocks"]
    assert set(many.names) - set(few.names) == {
        *(f"log2 kernel of block {place} from the {end}" for place in (1, 2) for end in ("front", "back")),
        "dropout",
        *("log2 learning rate", "log2 batch size", "log2 weight decay", "is adam", "is adamw"),
    }
    assert [many.names[index] for index in many.groups[4]] == list(many.names[-5:])
    assert sorted(np.concatenate(many.groups)) == list(range(len(many.names)))


def test_recipes_count_by_their_logarithms() -> None:
    space = replace(SPACE, recipe=RecipeSpace(weight_decays=(0.0, 0.01, 0.02)))
    features = FeatureMap(space)

    def value(name: str, **changes: Any) -> float:
        training = replace(TRAINING, **changes)
        return float(features.matrix([(architecture(), training)])[0, features.names.index(name)])

    for name, field, values in (
        ("log2 learning rate", "learning_rate", (0.01, 0.02, 0.04)),
        ("log2 batch size", "batch_size", (16, 32, 64)),
        ("log2 weight decay", "weight_decay", (0.0, 0.01, 0.02)),
    ):
        low, middle, high = (value(name, **{field: one}) for one in values)

        assert middle - low == pytest.approx(high - middle)
        assert middle > low
    assert value("is adamw", optimizer="adamw") > value("is adamw")


# Every space is sampled some hundred times for its mean and deviation.
@settings(max_examples=30)
@given(spaces(), st.integers(0, 2**32))
def test_rows_depend_on_the_network_and_its_space_alone(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = [(space.sample(rng), space.sample_training(TRAINING, rng)) for _ in range(4)]
    features = FeatureMap(space)
    matrix = features.matrix(items)

    assert matrix.dtype == np.float64
    assert matrix.shape == (4, len(features.names))
    assert np.isfinite(matrix).all()
    assert all(
        np.array_equal(FeatureMap(space).matrix([item])[0], row) for item, row in zip(items, matrix, strict=True)
    )
    assert len({row.tobytes() for row in matrix}) == len(set(items))


def test_columns_are_standardized_over_the_space() -> None:
    rng = np.random.default_rng(1)
    matrix = MAP.matrix([(SPACE.sample(rng), TRAINING) for _ in range(2000)])

    assert np.abs(matrix.mean(axis=0)).max() < 0.2
    assert np.abs(matrix.std(axis=0) - 1).max() < 0.2
