import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolution.errors import InvalidSpace
from evolution.features import FeatureMap
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, architecture
from tests.evolution.strategies import spaces

MAP = FeatureMap(SPACE)


def test_the_columns_fall_into_three_groups() -> None:
    activation, depth, rest = MAP.groups

    assert [MAP.names[index] for index in activation] == ["is relu", "is tanh"]
    assert [MAP.names[index] for index in depth] == ["depth"]
    assert sorted([*activation, *depth, *rest]) == list(range(len(MAP.names)))
    assert len(rest) == 2 * 3 + 4


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


# Every space is sampled some hundred times for its mean and deviation.
@settings(max_examples=30)
@given(spaces(), st.integers(0, 2**32))
def test_rows_depend_on_the_network_and_its_space_alone(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = [(space.sample(rng), TRAINING) for _ in range(4)]
    matrix = FeatureMap(space).matrix(items)

    assert matrix.dtype == np.float64
    assert matrix.shape == (4, len(FeatureMap(space).names))
    assert np.isfinite(matrix).all()
    assert all(
        np.array_equal(FeatureMap(space).matrix([item])[0], row) for item, row in zip(items, matrix, strict=True)
    )
    distinct = {item[0] for item in items}

    assert len({row.tobytes() for row in matrix}) == len(distinct)


def test_columns_are_standardized_over_the_space() -> None:
    rng = np.random.default_rng(1)
    matrix = MAP.matrix([(SPACE.sample(rng), TRAINING) for _ in range(2000)])

    assert np.abs(matrix.mean(axis=0)).max() < 0.2
    assert np.abs(matrix.std(axis=0) - 1).max() < 0.2
