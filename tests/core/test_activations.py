import math

import numpy as np
import pytest

from core.activations import activation_calls
from core.architecture import ACTIVATIONS, ActivationName
from core.arrays import Array
from tests.core import reference


def _run(name: ActivationName, z: Array) -> tuple[Array, Array]:
    """Return the activation of z (units, rows) and its slope there."""
    output, gradient = np.empty_like(z), np.ones_like(z)
    calls = activation_calls(name, output, gradient)
    calls.pre[:] = z
    with np.errstate(over="ignore"):
        for call in (*calls.forward,):
            call()
        result = output.copy()
        for call in calls.backward:
            call()
    return result, gradient


@pytest.mark.parametrize(
    ("name", "z", "value", "slope"),
    [
        ("relu", 2.0, 2.0, 1.0),
        ("relu", -2.0, 0.0, 0.0),
        ("relu", 0.0, 0.0, 0.0),
        ("tanh", 0.5, math.tanh(0.5), 1 - math.tanh(0.5) ** 2),
        ("sigmoid", math.log(3), 0.75, 0.1875),
        ("gelu", 0.0, 0.0, 0.5),
        # The published values of the tanh form at 1 and -1.
        ("gelu", 1.0, 0.8411919906, 1.0829640839),
        ("gelu", -1.0, -0.1588080094, -0.0829640839),
    ],
)
def test_known_values(name: ActivationName, z: float, value: float, slope: float) -> None:
    output, gradient = _run(name, np.full((1, 1), z))

    assert output[0, 0] == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert gradient[0, 0] == pytest.approx(slope, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_equal_the_reference_over_the_range(name: ActivationName) -> None:
    z = np.linspace(-12, 12, 481).reshape(1, -1)
    output, gradient = _run(name, z)

    np.testing.assert_allclose(output, reference.activate(name, z), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gradient, reference.slope(name, z), rtol=1e-9, atol=1e-10)

    output, gradient = _run(name, z.astype(np.float32))

    np.testing.assert_allclose(output, reference.activate(name, z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, reference.slope(name, z), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("size", [1e3, 1e6, 1e18])
def test_large_inputs_saturate_and_stay_finite(name: ActivationName, size: float) -> None:
    output, gradient = _run(name, np.array([[-size, size]], np.float32))

    assert np.isfinite(output).all()
    assert np.isfinite(gradient).all()
    assert output[0, 1] == pytest.approx(size if name in ("relu", "gelu") else 1)
    assert abs(output[0, 0]) == (1 if name == "tanh" else 0)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_nan_is_handed_on(name: ActivationName, sign: float) -> None:
    output, _ = _run(name, np.array([[np.copysign(np.nan, sign), 1.0]], np.float32))

    assert np.isnan(output[0, 0])
    assert np.isfinite(output[0, 1])
