"""Against scikit-learn's MLPClassifier on its own digits: the same settings must give the same accuracy."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from core.dataset import Dataset, Split, fingerprint
from core.training import TrainingConfig, train
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
        ours = train(architecture(64, [64], 10), dataset, config, seed=split).curve[-1].validation_accuracy
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

    assert result.accuracy > 0.95
    assert result.accuracy > logistic.accuracy
