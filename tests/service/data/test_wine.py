import numpy as np

from service.data.wine import read_wine


def test_the_wines_are_those_of_three_growers() -> None:
    inputs, targets = read_wine()

    assert inputs.dtype == np.float32
    assert np.bincount(targets).tolist() == [59, 71, 48]
    # The first wine of the collection: alcohol, malic acid, ash, alcalinity of ash.
    np.testing.assert_allclose(inputs[0, :4], [14.23, 1.71, 2.43, 15.6], rtol=1e-6)
