from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architecture import ACTIVATIONS, Architecture, Dense
from core.dataset import Dataset, Split
from core.errors import Diverged, InvalidDataset, InvalidStack, InvalidTrainingConfig
from core.stack import train_stack
from core.training import TrainingConfig, TrainingResult, train
from tests.core.builders import architecture, blobs
from tests.core.device import Device

DATA = blobs(rows=150, inputs=6, classes=4, spread=1.5).standardized()


def _alone(described: Architecture, dataset: Dataset, config: TrainingConfig, seed: int) -> TrainingResult | Diverged:
    try:
        return train(described, dataset, config, seed=seed)
    except Diverged as error:
        return error


def _check(
    architectures: Sequence[Architecture], seeds: Sequence[int], config: TrainingConfig, tolerance: float = 1e-6
) -> list[TrainingResult | Diverged]:
    results = train_stack(architectures, DATA, config, seeds=seeds)

    assert len(results) == len(seeds)

    for described, seed, result in zip(architectures, seeds, results, strict=True):
        expected = _alone(described, DATA, config, seed)
        if isinstance(expected, Diverged) or isinstance(result, Diverged):
            assert isinstance(expected, Diverged)
            assert isinstance(result, Diverged)
            assert result.epoch == expected.epoch
            assert len(result.curve) == len(expected.curve)

            continue

        assert result.network.architecture == described
        assert (result.best_epoch, result.epochs, result.flops) == (
            expected.best_epoch,
            expected.epochs,
            expected.flops,
        )

        np.testing.assert_allclose(
            result.network.parameters, expected.network.parameters, rtol=tolerance, atol=tolerance
        )
        for epoch, other in zip(result.curve, expected.curve, strict=True):
            assert epoch.train_loss == pytest.approx(other.train_loss, rel=tolerance, abs=tolerance)
            assert epoch.validation_loss == pytest.approx(other.validation_loss, rel=tolerance, abs=tolerance)
            assert epoch.validation_score == other.validation_score
    return results


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [[], [7], [9, 4], [5, 8, 3]])
def test_replicates_equal_single_runs(widths: list[int], activation: Any, optimizer: Any) -> None:
    config = TrainingConfig(epochs=4, batch_size=16, optimizer=optimizer, weight_decay=0.01)

    _check([architecture(6, widths, 4, activation)] * 3, [5, 0, 5], config)


def test_replicates_get_the_very_bits_of_single_runs() -> None:
    described, config = architecture(6, [16, 8], 4), TrainingConfig(epochs=5, batch_size=16)
    for seed, result in zip((1, 2, 3), train_stack(described, DATA, config, seeds=(1, 2, 3)), strict=True):
        alone = train(described, DATA, config, seed=seed)

        assert isinstance(result, TrainingResult)
        assert result.network.parameters.tobytes() == alone.network.parameters.tobytes()
        assert result.curve == alone.curve


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_stack_equals_its_members_alone(data: st.DataObject) -> None:
    depth = data.draw(st.integers(0, 3))
    activations = data.draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=depth, max_size=depth))
    members = data.draw(st.integers(1, 4))
    width = st.integers(1, 12)
    architectures = [
        Architecture((6,), tuple(Dense(data.draw(width), activation) for activation in activations), 4)
        for _ in range(members)
    ]
    seeds = data.draw(st.lists(st.integers(0, 2**63 - 1), min_size=members, max_size=members))
    config = TrainingConfig(
        epochs=data.draw(st.integers(1, 3)),
        batch_size=data.draw(st.integers(5, 60)),
        optimizer=data.draw(st.sampled_from(["adam", "sgd"])),
        schedule=data.draw(st.sampled_from(["constant", "one_cycle"])),
        weight_decay=data.draw(st.sampled_from([0.0, 0.01])),
        patience=data.draw(st.sampled_from([None, 1])),
    )

    _check(architectures, seeds, config)


def test_a_member_does_not_see_how_wide_the_others_are() -> None:
    narrow, config = architecture(6, [3, 5], 4, "sigmoid"), TrainingConfig(epochs=6, batch_size=10, weight_decay=0.02)
    alone = train(narrow, DATA, config, seed=8)
    for wide in ([3, 5], [4, 6], [40, 30]):
        first, _ = _check([narrow, architecture(6, wide, 4, "sigmoid")], [8, 9], config)

        assert isinstance(first, TrainingResult)
        assert first.network.parameters.tobytes() == alone.network.parameters.tobytes()


def test_members_leave_when_their_patience_ends() -> None:
    config = TrainingConfig(epochs=60, batch_size=10, learning_rate=0.1, schedule="constant", patience=2)
    results = _check([architecture(6, [12], 4)] * 6, range(6), config)
    lengths = {result.epochs for result in results if isinstance(result, TrainingResult)}

    assert len(lengths) > 2
    assert max(lengths) < 60


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_diverged_member_fails_alone(optimizer: Any) -> None:
    # Without hidden layers and rates this high, whether a run overflows depends on its seed and width.
    config = TrainingConfig(
        epochs=8, batch_size=10, optimizer=optimizer, learning_rate=60.0, schedule="constant", momentum=0.99
    )
    if optimizer == "adam":
        config = replace(config, learning_rate=1000.0)
    architectures = [architecture(6, [width, width], 4, "gelu") for width in (1, 2, 3, 4, 30, 31)]
    alone = [_alone(described, DATA, config, 3) for described in architectures]
    results = train_stack(architectures, DATA, config, seeds=[3] * 6)

    if optimizer == "sgd":
        assert 0 < sum(isinstance(result, Diverged) for result in alone) < 6
    assert [type(result) for result in results] == [type(result) for result in alone]


@pytest.mark.parametrize("scale", [1e-42, 1e-20, 1e6, 1e19, 3e38])
@pytest.mark.parametrize("rate", [0.01, 1000.0])
def test_extreme_inputs_and_rates_are_finite_or_a_named_failure(scale: float, rate: float) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore", under="ignore"):
        points = np.clip(scale * rng.standard_normal((50, 6)), -3e38, 3e38).astype(np.float32)
    # One column that never changes.
    points[:, 0] = 1
    split = Split(points, rng.integers(0, 4, 50))
    dataset = replace(DATA, train=split, validation=split, test=None, standardization=None)
    config = TrainingConfig(epochs=3, batch_size=16, learning_rate=rate, schedule="constant")
    described = architecture(6, [7, 5], 4)
    for seed, result in enumerate(train_stack(described, dataset, config, seeds=range(3))):
        expected = _alone(described, dataset, config, seed)

        assert type(result) is type(expected)
        for epoch, other in zip(result.curve, expected.curve, strict=True):
            # A stack adds up the losses of an epoch in another order.
            assert epoch.train_loss == pytest.approx(other.train_loss, rel=1e-12)
            assert replace(epoch, train_loss=0.0) == replace(other, train_loss=0.0)
        assert all(np.isfinite([epoch.train_loss, epoch.validation_loss]).all() for epoch in result.curve)
        if isinstance(result, TrainingResult):
            assert np.isfinite(result.network.parameters).all()


def test_seconds_are_shared() -> None:
    results = train_stack(architecture(6, [12], 4), DATA, TrainingConfig(epochs=3), seeds=range(4))
    seconds = [result.seconds for result in results if isinstance(result, TrainingResult)]

    assert min(seconds) == pytest.approx(max(seconds))
    assert min(seconds) > 0


def test_batch_larger_than_the_data() -> None:
    _check([architecture(6, [5], 4)] * 2, [1, 2], TrainingConfig(epochs=2, batch_size=1000))


def test_another_array_module_gives_the_same() -> None:
    device: Any = Device()
    config = TrainingConfig(epochs=4, batch_size=16, weight_decay=0.01, patience=1)
    for activation in ACTIVATIONS:
        for optimizer in ("adam", "sgd"):
            chosen = replace(config, optimizer="adam" if optimizer == "adam" else "sgd")
            described = architecture(6, [7, 5], 4, activation)
            here = train_stack(described, DATA, chosen, seeds=range(3))
            there = train_stack(described, DATA, chosen, seeds=range(3), xp=device)
            for first, second in zip(here, there, strict=True):
                assert isinstance(first, TrainingResult)
                assert isinstance(second, TrainingResult)
                assert first.epochs == second.epochs

                np.testing.assert_allclose(first.network.parameters, second.network.parameters, rtol=1e-6, atol=1e-6)


def test_test_rows_are_never_touched() -> None:
    first = train_stack(architecture(6, [5], 4), DATA, TrainingConfig(epochs=1), seeds=[1])[0]
    second = train_stack(architecture(6, [5], 4), DATA.without_test(), TrainingConfig(epochs=1), seeds=[1])[0]

    assert isinstance(first, TrainingResult)
    assert isinstance(second, TrainingResult)
    assert first.network.parameters.tobytes() == second.network.parameters.tobytes()


def test_what_cannot_be_stacked_is_refused_by_name() -> None:
    config = TrainingConfig()
    one, two = architecture(6, [4], 4), architecture(6, [4, 4], 4)
    with pytest.raises(InvalidStack, match="one depth"):
        train_stack([one, two], DATA, config, seeds=[1, 2])
    with pytest.raises(InvalidStack, match=r"layers\[0\].*relu and tanh"):
        train_stack([one, architecture(6, [4], 4, "tanh")], DATA, config, seeds=[1, 2])
    with pytest.raises(InvalidStack, match="2 architectures and 1 seeds"):
        train_stack([one, one], DATA, config, seeds=[1])
    with pytest.raises(InvalidStack, match="1 to 4096 members"):
        train_stack(one, DATA, config, seeds=[])
    with pytest.raises(InvalidDataset, match=r"takes \(5,\)"):
        train_stack(architecture(5, [4], 4), DATA, config, seeds=[1])
    with pytest.raises(InvalidTrainingConfig, match="seed"):
        train_stack(one, DATA, config, seeds=[-1])
