"""Who is measured. Each entry prepares a case and returns the call that is timed: train, then one validation pass."""

import importlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import CLASSES, LEARNING_RATE, STACK, Case
from benchmarks.jax_peer import jax_jit
from core.architecture import Architecture, Dense
from core.dataset import Dataset, Split
from core.errors import Diverged
from core.stack import train_stack
from core.training import TrainingConfig, train

Run = Callable[[], object]
# Our training looks at the validation rows after every epoch; a few rows stand there, because the peers do it once.
WATCHED_ROWS = 10


def validation_rows(case: Case) -> int:
    return case.rows // 5


def _prepared(case: Case) -> tuple[Architecture, Dataset, TrainingConfig]:
    inputs, targets = case.data()
    names = tuple(str(index) for index in range(CLASSES))
    watched = Split(inputs[:WATCHED_ROWS], targets[:WATCHED_ROWS])
    dataset = Dataset("bench", "classification", (case.inputs,), names, Split(inputs, targets), watched, None, "bench")
    architecture = Architecture((case.inputs,), tuple(Dense(width, "relu") for width in case.widths), CLASSES)
    config = TrainingConfig(epochs=case.epochs, batch_size=case.batch, learning_rate=LEARNING_RATE, schedule="constant")
    return architecture, dataset, config


def ours(case: Case) -> Run:
    architecture, dataset, config = _prepared(case)
    rows = dataset.train.inputs[: validation_rows(case)]
    return lambda: train(architecture, dataset, config, seed=0).network.predict(rows)


def ours_stacked(case: Case) -> Run | None:
    """Train STACK networks at once; the time is to be divided by that."""
    if not case.stacked:
        return None
    architecture, dataset, config = _prepared(case)
    rows = dataset.train.inputs[: validation_rows(case)]

    def run() -> None:
        for result in train_stack(architecture, dataset, config, seeds=range(STACK)):
            if isinstance(result, Diverged):
                raise result
            result.network.predict(rows)

    return run


def matrix_products(case: Case) -> Run:
    """Do the matrix products of the steps and nothing else: what no NumPy training can be faster than."""
    sizes = (case.inputs, *case.widths, CLASSES)
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> Any:
        return rng.standard_normal((rows, columns)).astype(np.float32)

    calls = []
    for index in range(len(sizes) - 1):
        inputs, units = sizes[index], sizes[index + 1]
        weights, gradient, deltas = matrix(inputs + 1, units), matrix(inputs + 1, units), matrix(units, case.batch)
        outputs = matrix(units, case.batch)
        below = matrix(case.batch, inputs + 1).T if index == 0 else matrix(inputs + 1, case.batch)
        calls.append((weights.T, below, outputs))
        calls.append((below, deltas.T, gradient))
        if index > 0:
            calls.append((weights[:-1], deltas, matrix(inputs, case.batch)))
    steps = case.steps

    def run() -> None:
        for _ in range(steps):
            for first, second, out in calls:
                np.dot(first, second, out)

    return run


def scikit_learn(case: Case) -> Run:
    classifier = importlib.import_module("sklearn.neural_network").MLPClassifier
    inputs, targets = case.data()
    rows = inputs[: validation_rows(case)]

    def run() -> None:
        network = classifier(
            case.widths,
            batch_size=case.batch,
            learning_rate_init=LEARNING_RATE,
            alpha=0.0,
            max_iter=case.epochs,
            tol=0.0,
            n_iter_no_change=case.epochs + 1,
            random_state=0,
        )
        with warnings.catch_warnings():
            # It warns that it might have gone on.
            warnings.simplefilter("ignore")
            network.fit(inputs, targets)
        network.predict(rows)

    return run


def torch_eager(case: Case) -> Run:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    inputs, targets = (torch.from_numpy(array) for array in case.data())
    rows = inputs[: validation_rows(case)]

    def run() -> None:
        torch.manual_seed(0)
        layers = []
        before = case.inputs
        for width in case.widths:
            layers += [torch.nn.Linear(before, width), torch.nn.ReLU()]
            before = width
        network = torch.nn.Sequential(*layers, torch.nn.Linear(before, CLASSES))
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(case.epochs):
            order = torch.randperm(case.rows)
            shuffled, wanted = inputs[order], targets[order]
            for batch, labels in zip(shuffled.split(case.batch), wanted.split(case.batch), strict=True):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(network(batch), labels).backward()
                optimizer.step()
        with torch.no_grad():
            network(rows).argmax(dim=1)

    return run


PEERS: dict[str, tuple[str, Callable[[Case], Run]]] = {
    "scikit-learn": ("sklearn", scikit_learn),
    "torch": ("torch", torch_eager),
    "JAX": ("jax", jax_jit),
}


def peers_at_hand() -> tuple[dict[str, Callable[[Case], Run]], list[str]]:
    """Return the peers that are installed, and a note for each that is not."""
    found, notes = {}, []
    for name, (module, contestant) in PEERS.items():
        try:
            importlib.import_module(module)
        except ImportError:
            command = f"{sys.executable} -m pip install {name.lower()}"
            notes.append(f"{name} is not installed and was left out; `{command}` brings it")
        else:
            found[name] = contestant
    return found, notes
