import pytest

from benchmarks.search.grid import Grid
from core.architecture import Architecture
from tests.benchmarks.search.tiny import GRID, network


def test_the_full_grid_has_5601_networks() -> None:
    grid = Grid((64,), 10)

    assert len(grid) == len(set(grid.architectures)) == 5601


def test_every_network_is_found_under_its_own_index() -> None:
    grid = Grid((2,), 2, max_depth=3, widths=(4, 16, 64))

    assert [grid.index(architecture) for architecture in grid.architectures] == list(range(len(grid)))


def test_every_network_lies_in_the_space_of_the_product() -> None:
    assert all(GRID.space.contains(architecture) for architecture in GRID.architectures)


@pytest.mark.parametrize(
    ("widths", "nearest"), [((5, 6), (4, 8)), ((11, 12), (8, 16)), ((181, 182), (128, 256)), ((1, 999), (4, 256))]
)
def test_a_width_is_taken_for_the_nearest_on_a_logarithmic_scale(
    widths: tuple[int, ...], nearest: tuple[int, ...]
) -> None:
    grid = Grid((2,), 2, max_depth=2)
    found = grid.architectures[grid.index(network(widths, "tanh", grid))]

    assert found.widths == nearest
    assert set(found.activations) == {"tanh"}


@pytest.mark.parametrize(
    "stranger",
    [
        network((4, 4, 4)),
        network((4,), "sigmoid"),
        Architecture((GRID.input_shape[0] + 1,), (), GRID.outputs),
        Architecture(GRID.input_shape, (), GRID.outputs + 1),
    ],
)
def test_a_network_outside_the_grid_is_refused(stranger: Architecture) -> None:
    with pytest.raises(ValueError, match="no place in the grid"):
        GRID.index(stranger)
