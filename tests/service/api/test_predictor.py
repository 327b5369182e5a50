import hashlib

import numpy as np
import pytest

from core.architecture import Architecture
from core.export import to_bytes
from core.network import Network
from service.api.predictor import Predictor
from service.errors import ModelDamaged


def stored(inputs: int) -> tuple[str, bytes]:
    network = Network(Architecture((inputs,), (), 2))
    network.initialize(np.random.default_rng(inputs))
    content = to_bytes(network)
    return hashlib.sha256(content).hexdigest(), content


def test_a_network_is_read_once() -> None:
    predictor = Predictor()
    sha256, content = stored(3)
    first = predictor.network(sha256, lambda: content)

    assert predictor.network(sha256, lambda: pytest.fail("it was read again")) is first


def test_what_was_used_last_stays_within_the_bound() -> None:
    sizes = {inputs: stored(inputs) for inputs in (10, 11, 12)}
    predictor = Predictor(cache_bytes=200)
    read: list[int] = []

    def use(inputs: int) -> None:
        sha256, content = sizes[inputs]
        predictor.network(sha256, lambda: read.append(inputs) or content)  # type: ignore[func-returns-value]

    for inputs in (10, 11, 10, 12, 10, 11):
        use(inputs)

    # 4 bytes for each of 22, 24 and 26 parameters: two of them fit.
    assert read == [10, 11, 12, 11]
    assert predictor.cached_bytes <= 200


def test_one_that_is_larger_than_the_bound_is_used_and_not_kept() -> None:
    predictor = Predictor(cache_bytes=10)
    sha256, content = stored(3)

    assert predictor.network(sha256, lambda: content).architecture.inputs == 3
    assert predictor.cached_bytes == 0


def test_another_file_than_the_one_named_is_not_used() -> None:
    sha256, content = stored(3)
    for damaged in (None, b"", content[:-1]):
        with pytest.raises(ModelDamaged):
            Predictor().network(sha256, lambda damaged=damaged: damaged)  # type: ignore[misc]


def test_overflow_is_the_answers_and_no_warning() -> None:
    network = Network(Architecture((1,), (), 2))
    network.parameters[:] = 1e30
    predictions, probabilities = Predictor().answer(network, np.full((1, 1), 1e30, np.float32))

    assert predictions.shape == (1,)
    assert probabilities is not None
    assert not np.isfinite(probabilities).all()
