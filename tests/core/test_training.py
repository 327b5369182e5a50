import json
import math
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.architecture import ACTIVATIONS, ActivationName
from core.dataset import Dataset, Split
from core.errors import Diverged, InvalidDataset, InvalidTrainingConfig
from core.training import Epoch, TrainingConfig, TrainingResult, predicted_flops, train
from tests.core.builders import architecture, blobs

SMALL = architecture(6, [8], 3)


def _same(first: TrainingResult, second: TrainingResult) -> bool:
    return (
        first.network.parameters.tobytes() == second.network.parameters.tobytes()
        and first.curve == second.curve
        and first.best_epoch == second.best_epoch
    )


def test_learns() -> None:
    result = train(SMALL, blobs().standardized(), TrainingConfig(epochs=20, batch_size=8), seed=1)

    assert result.score > 0.85
    assert result.curve[-1].train_loss < result.curve[0].train_loss
    assert result.epochs == len(result.curve) == 20
    assert result.flops == predicted_flops(SMALL, 40, 20) == SMALL.training_flops * 800
    assert result.seconds > 0


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_every_kind_learns(activation: ActivationName, optimizer: Any, depth: int) -> None:
    described = architecture(6, [16] * depth, 3, activation)
    rate = 0.02 if optimizer == "adam" else 0.1
    config = TrainingConfig(epochs=25, batch_size=8, optimizer=optimizer, learning_rate=rate)

    assert train(described, blobs().standardized(), config, seed=3).score > 0.85


def test_same_arguments_give_the_same_bits_whatever_the_layout() -> None:
    dataset = blobs().standardized()
    config = TrainingConfig(epochs=3, weight_decay=0.01)
    first = train(SMALL, dataset, config, seed=7)

    wide = np.zeros((40, 12), np.float32)
    wide[:, ::2] = dataset.train.inputs
    targets = np.zeros(80, np.int64)
    targets[::2] = dataset.train.targets
    strided = replace(dataset, train=Split(wide[:, ::2], targets[::2]))
    fortran = replace(dataset, train=Split(np.asfortranarray(dataset.train.inputs), dataset.train.targets))

    assert not strided.train.inputs.flags.c_contiguous
    assert not dataset.train.inputs.flags.writeable
    for other in (dataset, strided, fortran):
        assert _same(first, train(SMALL, other, config, seed=7))
    assert not _same(first, train(SMALL, dataset, config, seed=8))


def test_a_fresh_process_gives_the_same_bits() -> None:
    program = (
        "from core.training import TrainingConfig, train\n"
        "from tests.core.builders import blobs\n"
        "from tests.core.test_training import SMALL\n"
        "result = train(SMALL, blobs().standardized(), TrainingConfig(epochs=2), seed=6)\n"
        "print(result.network.parameters.tobytes().hex(), end='')\n"
    )
    here = train(SMALL, blobs().standardized(), TrainingConfig(epochs=2), seed=6)
    there = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert there.stdout == here.network.parameters.tobytes().hex()


def test_training_leaves_the_data_as_it_was() -> None:
    dataset = blobs().standardized()
    before = dataset.train.inputs.tobytes(), dataset.train.targets.tobytes(), dataset.validation.inputs.tobytes()
    train(SMALL, dataset, TrainingConfig(epochs=2), seed=0)

    assert before == (
        dataset.train.inputs.tobytes(),
        dataset.train.targets.tobytes(),
        dataset.validation.inputs.tobytes(),
    )


def test_test_rows_change_nothing() -> None:
    dataset = blobs().standardized()
    config = TrainingConfig(epochs=2)
    garbage = Split(np.full((1, 6), 1e30, np.float32), np.zeros(1, np.int64))

    assert _same(
        train(SMALL, dataset.without_test(), config, seed=1),
        train(SMALL, replace(dataset, test=garbage), config, seed=1),
    )


def test_best_epoch_has_the_best_accuracy_then_the_lowest_loss_and_its_weights() -> None:
    # A rate at which the accuracy goes up and down.
    config = TrainingConfig(epochs=12, learning_rate=0.5, batch_size=8, schedule="constant")
    dataset = blobs(spread=1.5).standardized()
    best_epochs = set()
    for seed in range(10):
        result = train(SMALL, dataset, config, seed=seed)
        curve = result.curve
        ranked = sorted((-epoch.validation_score, epoch.validation_loss, n) for n, epoch in enumerate(curve, 1))
        short = train(SMALL, dataset, replace(config, epochs=result.best_epoch), seed=seed)

        assert result.best_epoch == ranked[0][2]
        assert result.score == -ranked[0][0]
        assert short.network.parameters.tobytes() == result.network.parameters.tobytes()

        best_epochs.add(result.best_epoch)

    assert min(best_epochs) < 12


def test_patience_stops_early_and_costs_less() -> None:
    config = TrainingConfig(epochs=200, learning_rate=0.5, batch_size=8, schedule="constant", patience=3)
    result = train(SMALL, blobs(spread=1.5).standardized(), config, seed=2)

    assert result.epochs == result.best_epoch + 3 < 200
    assert result.flops == predicted_flops(SMALL, 40, result.epochs)


def test_curve_agrees_with_the_network() -> None:
    raw = blobs()
    result = train(SMALL, raw.standardized(), TrainingConfig(epochs=4), seed=5)
    probabilities = result.network.predict_probabilities(raw.validation.inputs).astype(np.float64)
    targets = raw.validation.targets
    best = result.curve[result.best_epoch - 1]

    assert best.validation_score == np.mean(result.network.predict(raw.validation.inputs) == targets)
    assert best.validation_loss == pytest.approx(-np.log(probabilities[np.arange(40), targets]).mean(), rel=1e-4)


def test_batch_larger_than_the_data_is_one_batch() -> None:
    dataset = blobs().standardized()
    large = train(SMALL, dataset, TrainingConfig(epochs=3, batch_size=1000), seed=4)

    assert _same(large, train(SMALL, dataset, TrainingConfig(epochs=3, batch_size=40), seed=4))
    assert train(SMALL, dataset, TrainingConfig(epochs=1, batch_size=1), seed=4).epochs == 1


def test_constant_columns_are_harmless() -> None:
    dataset = blobs(rows=90)
    inputs = dataset.train.inputs.copy()
    inputs[:, 0], inputs[:, 1] = 0, 1e6
    constant = replace(dataset, train=Split(inputs, dataset.train.targets)).standardized()

    assert np.isfinite(constant.train.inputs).all()
    train(SMALL, replace(constant, validation=constant.train), TrainingConfig(epochs=3), seed=0)


def test_divergence_is_named_with_its_epoch() -> None:
    config = TrainingConfig(epochs=50, learning_rate=1000.0, optimizer="sgd", schedule="constant", batch_size=8)
    with pytest.raises(Diverged) as caught:
        train(architecture(6, [16, 16], 3, "gelu"), blobs().standardized(), config, seed=0)

    assert caught.value.epoch == len(caught.value.curve) + 1
    assert all(math.isfinite(epoch.train_loss) for epoch in caught.value.curve)
    assert "diverged in epoch" in str(caught.value)


def test_inputs_too_large_to_multiply_diverge_by_name() -> None:
    split = Split(np.full((4, 6), 3e38, np.float32), np.array([0, 1, 2, 0]))
    dataset = Dataset("huge", "classification", (6,), ("a", "b", "c"), split, split, None, "0")
    with pytest.raises(Diverged):
        train(SMALL, dataset, TrainingConfig(), seed=0)


def test_diverged_survives_pickling() -> None:
    error = Diverged(3, (Epoch(1.0, 2.0, 0.5),))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (copy.epoch, copy.curve, str(copy)) == (error.epoch, error.curve, str(error))


def test_result_survives_pickling() -> None:
    result = train(SMALL, blobs().standardized(), TrainingConfig(epochs=1), seed=0)
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own bytes

    assert _same(result, copy)
    assert np.shares_memory(copy.network.parameters, copy.network.weights[0])


def test_data_and_architecture_must_fit() -> None:
    with pytest.raises(InvalidDataset, match=r"takes \(5,\).*the dataset has \(6,\)"):
        train(architecture(5, [], 3), blobs(), TrainingConfig(), seed=0)
    with pytest.raises(InvalidDataset, match="gives 4 outputs"):
        train(architecture(6, [], 4), blobs(), TrainingConfig(), seed=0)


@pytest.mark.parametrize("seed", [-1, 1.0, True])
def test_seed_must_be_a_natural_number(seed: Any) -> None:
    with pytest.raises(InvalidTrainingConfig, match="seed"):
        train(SMALL, blobs(), TrainingConfig(), seed=seed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", True),
        ("epochs", 10**18),
        ("epochs", 1.5),
        ("batch_size", 0),
        ("batch_size", 2**40),
        ("optimizer", "rmsprop"),
        ("schedule", "cosines"),
        ("learning_rate", 0),
        ("learning_rate", -0.1),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("learning_rate", 1e9),
        ("learning_rate", True),
        ("learning_rate", "0.1"),
        ("learning_rate", 10**400),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("weight_decay", -1),
        ("weight_decay", 2.0),
        ("patience", 0),
        ("patience", False),
    ],
)
def test_config_refuses_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidTrainingConfig, match=field):
        replace(TrainingConfig(), **{field: value})


def test_config_json_round_trip() -> None:
    config = TrainingConfig(epochs=3, optimizer="sgd", learning_rate=1, patience=2, weight_decay=0.1)

    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert type(config.learning_rate) is float


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"format": 1.0}, {"nesterov": True}, {"epochs": True}, {"learning_rate": None}]
)
def test_config_json_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidTrainingConfig):
        TrainingConfig.from_json({**TrainingConfig().to_json(), **change})


def test_config_json_must_be_complete() -> None:
    with pytest.raises(InvalidTrainingConfig, match="'epochs' is missing"):
        TrainingConfig.from_json({key: value for key, value in TrainingConfig().to_json().items() if key != "epochs"})
