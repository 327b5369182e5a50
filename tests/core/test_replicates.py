from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from core.errors import Diverged, InvalidStack, InvalidTrainingConfig
from core.layers import Convolution, Dropout, Flatten
from core.replicates import mean_and_standard_error, replicate_seeds, stack_pays, stack_size, train_replicates
from core.stack import train_stack
from core.training import TrainingConfig, TrainingResult, train
from tests.core.builders import architecture, blobs, images
from tests.core.device import Device

DATA = blobs(rows=120, inputs=6, classes=3).standardized()


def test_the_first_replicate_is_the_plain_training() -> None:
    assert replicate_seeds(7, 1) == (7,)
    assert replicate_seeds(7, 5)[:3] == replicate_seeds(7, 3)


@given(seed=st.integers(0, 2**63 - 1))
def test_seeds_differ_and_fit_sql(seed: int) -> None:
    seeds = replicate_seeds(seed, 20)

    assert len(set(seeds)) == 20
    assert all(0 <= each < 2**63 for each in seeds)


@pytest.mark.parametrize("count", [0, 1001, True])
def test_number_of_replicates_is_checked(count: Any) -> None:
    with pytest.raises(InvalidTrainingConfig, match="replicates"):
        replicate_seeds(1, count)


def test_a_stack_pays_for_small_networks() -> None:
    small, large = architecture(64, [64, 64], 10), architecture(784, [512, 256], 10)

    assert stack_size(small, 32, 8) == 8
    assert stack_size(small, 32, 100) == 32
    assert stack_pays(small, 128, 2)
    assert not stack_pays(small, 32, 1)
    assert stack_size(large, 32, 8) == 1
    assert not stack_pays(large, 32, 8)


@pytest.mark.parametrize(("widths", "replicates"), [([8], 1), ([8], 5), ([8], 33), ([2000, 40], 3)])
def test_replicates_are_single_trainings(widths: list[int], replicates: int) -> None:
    described, config = architecture(6, widths, 3), TrainingConfig(epochs=2, batch_size=16)
    seeds = replicate_seeds(4, replicates)
    results = train_replicates(described, DATA, config, seeds=seeds)

    assert len(results) == replicates

    for seed, result in zip(seeds, results, strict=True):
        assert isinstance(result, TrainingResult)
        assert result.network.parameters.tobytes() == (
            train(described, DATA, config, seed=seed).network.parameters.tobytes()
        )


def test_a_single_replicate_that_diverges_is_its_error() -> None:
    config = TrainingConfig(epochs=50, learning_rate=1000.0, optimizer="sgd", schedule="constant", batch_size=8)
    described = Architecture((6,), (Dense(16, "gelu"), Dense(16, "gelu")), 3)

    assert [type(result) for result in train_replicates(described, DATA, config, seeds=[0])] == [Diverged]
    assert [type(result) for result in train_replicates(described, DATA, config, seeds=[0, 1])] == [Diverged] * 2


def test_another_array_module_takes_all_at_once() -> None:
    device: Any = Device()
    config = TrainingConfig(epochs=2)
    here = train_replicates(architecture(6, [5], 3), DATA, config, seeds=range(3))
    there = train_replicates(architecture(6, [5], 3), DATA, config, seeds=range(3), xp=device)
    for first, second in zip(here, there, strict=True):
        assert isinstance(first, TrainingResult)
        assert isinstance(second, TrainingResult)

        np.testing.assert_allclose(first.network.parameters, second.network.parameters, rtol=1e-6, atol=1e-6)


IMAGES = Architecture((6, 6), (Convolution(2, 3, "relu"), Flatten(), Dropout(0.2)), 3)
SMALL = architecture(6, [4], 3)


@pytest.mark.parametrize(
    ("described", "config"),
    [
        (IMAGES, TrainingConfig(epochs=2)),
        (SMALL, TrainingConfig(epochs=2, clip_norm=0.1)),
        (SMALL, TrainingConfig(epochs=2, optimizer="adamw", weight_decay=0.1)),
        (SMALL, TrainingConfig(epochs=2, label_smoothing=0.1)),
        (SMALL, TrainingConfig(epochs=2, class_weights="balanced")),
    ],
)
def test_what_no_stack_can_do_trains_one_after_the_other(described: Architecture, config: TrainingConfig) -> None:
    data = DATA if described is SMALL else images().standardized()
    for seed, result in enumerate(train_replicates(described, data, config, seeds=range(3))):
        assert isinstance(result, TrainingResult)
        assert result.network.parameters.tobytes() == (
            train(described, data, config, seed=seed).network.parameters.tobytes()
        )
    with pytest.raises(InvalidStack, match="only dense networks"):
        train_stack(described, data, config, seeds=range(3))


def test_mean_and_standard_error_by_hand() -> None:
    assert mean_and_standard_error([0.5]) == (0.5, None)
    # Deviations -0.1, 0, 0.1: variance 0.02 / 2, standard error sqrt(0.01 / 3).
    assert mean_and_standard_error([0.8, 0.9, 1.0]) == pytest.approx((0.9, 0.05773502691896258))
    # Also where sums or squares of them would overflow.
    assert mean_and_standard_error([8e307, 9e307, 10e307]) == pytest.approx((9e307, 5.773502691896258e306))
