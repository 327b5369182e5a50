import numpy as np

from service.data.breast_cancer import read_breast_cancer


def test_the_tumors_are_those_of_wisconsin() -> None:
    inputs, targets = read_breast_cancer()

    assert inputs.dtype == np.float32
    assert np.bincount(targets).tolist() == [212, 357]
    # The first tumor of the collection: mean radius, texture, perimeter and area.
    np.testing.assert_allclose(inputs[0, :4], [17.99, 10.38, 122.8, 1001.0], rtol=1e-6)
