import numpy as np

from service.data.iris import read_iris


def test_the_irises_are_fishers() -> None:
    inputs, targets = read_iris()

    assert inputs.dtype == np.float32
    assert np.bincount(targets).tolist() == [50, 50, 50]
    # The first flower of the collection: sepals 5.1 x 3.5 cm, petals 1.4 x 0.2 cm.
    np.testing.assert_allclose(inputs[0], [5.1, 3.5, 1.4, 0.2], rtol=1e-6)
