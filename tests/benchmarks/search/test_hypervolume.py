import numpy as np

from benchmarks.search.hypervolume import dominated_area, non_dominated


def test_only_points_that_nothing_exceeds_stay_and_of_equals_the_first() -> None:
    points = np.array([[1.0, 5.0], [3.0, 3.0], [3.0, 3.0], [2.0, 2.0], [5.0, 1.0], [5.0, 0.0]])

    assert non_dominated(points) == [4, 1, 0]


def test_the_area_is_that_of_the_united_rectangles() -> None:
    points = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [1.5, 1.5]])

    assert dominated_area(points, (0.0, 0.0)) == 6.0


def test_points_that_do_not_exceed_the_reference_add_nothing() -> None:
    points = np.array([[2.0, 2.0], [0.5, 9.0], [9.0, 1.0]])

    assert dominated_area(points, (1.0, 1.0)) == 1.0
    assert dominated_area(points[1:], (1.0, 1.0)) == 0.0
    assert dominated_area(points[:0], (1.0, 1.0)) == 0.0
