"""Against scikit-learn's MLPClassifier on its own digits: the same settings must give the same accuracy."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from core.architecture import Architecture
from core.dataset import Dataset, Split, fingerprint
from core.layers import Convolution, Dense, Flatten, Layer, MaxPooling
from core.training import TrainingConfig, train
from service.data.digits import read_digits_16x16
from tests.core.builders import architecture


def _digits(split_seed: int) -> Dataset:
    inputs, targets = load_digits(return_X_y=True)
    inputs, targets = inputs.astype(np.float32), targets.astype(np.int64)
    parts = train_test_split(inputs, targets, test_size=0.3, stratify=targets, random_state=split_seed)
    names = tuple("0123456789")
    splits = Split(parts[0], parts[2]), Split(parts[1], parts[3])
    return Dataset("digits", "classification", (64,), names, *splits, None, fingerprint(inputs, targets, names))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.001), ("sgd", 0.05)])
def test_accuracy_equals_scikit_learn_within_noise(optimizer: str, rate: float) -> None:
    epochs, differences = 15, []
    for split in range(8):
        dataset = _digits(split).standardized()
        config = TrainingConfig(
            epochs=epochs,
            optimizer="adam" if optimizer == "adam" else "sgd",
            learning_rate=rate,
            schedule="constant",
        )
        ours = train(architecture(64, [64], 10), dataset, config, seed=split).curve[-1].validation_score
        peer = MLPClassifier(
            (64,),
            solver=optimizer,
            learning_rate_init=rate,
            batch_size=32,
            alpha=0.0,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs,
            random_state=split,
        )
        peer.fit(dataset.train.inputs, dataset.train.targets)
        differences.append(ours - peer.score(dataset.validation.inputs, dataset.validation.targets))
    mean, error = float(np.mean(differences)), float(np.std(differences, ddof=1) / np.sqrt(len(differences)))

    # Three standard errors, and never less than one row in 200: eight splits measure their own spread poorly.
    assert abs(mean) < max(3 * error, 0.005), differences


def test_a_small_network_learns_digits() -> None:
    dataset = _digits(0).standardized()
    result = train(architecture(64, [128], 10), dataset, TrainingConfig(epochs=4), seed=1)
    logistic = train(architecture(64, [], 10), dataset, TrainingConfig(epochs=4), seed=1)

    assert result.score > 0.95
    assert result.score > logistic.score


@pytest.mark.slow
def test_a_small_convolutional_network_beats_the_dense_ones() -> None:
    inputs, targets = read_digits_16x16()
    order = np.random.default_rng(0).permutation(len(targets))
    splits = [Split(inputs[rows], targets[rows]) for rows in np.split(order, [3000, 4000])]
    names = tuple("0123456789")
    raw = Dataset("digits", "classification", (16, 16), names, splits[0], splits[1], splits[2], "0")
    dataset = raw.standardized()
    convolutional: tuple[Layer, ...] = (
        Convolution(8, 3, "relu", padding=1),
        MaxPooling(2, 2),
        Convolution(16, 3, "relu", padding=1),
        MaxPooling(2, 2),
        Flatten(),
        Dense(64, "relu"),
    )

    def test_accuracy(layers: tuple[Layer, ...]) -> float:
        described = Architecture((16, 16), layers, 10)
        accuracies = []
        for seed in range(2):
            network = train(described, dataset, TrainingConfig(), seed=seed).network
            accuracies.append(np.mean(network.predict(splits[2].inputs) == splits[2].targets))
        return float(np.mean(accuracies))

    dense = [test_accuracy(tuple(Dense(units, "relu") for units in widths)) for widths in ((128,), (256,), (256, 128))]

    assert test_accuracy(convolutional) > max(dense) + 0.01
