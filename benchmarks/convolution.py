"""A small convolutional network on images of 16 x 16: ours and torch, the same work on one thread."""

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.cases import CLASSES, LEARNING_RATE, Case
from benchmarks.contestants import WATCHED_ROWS, Run, validation_rows
from benchmarks.measuring import ratios, summary, take_turns
from core.architecture import Architecture
from core.dataset import Dataset, Split
from core.layers import Convolution, Dense, Flatten, MaxPooling
from core.training import TrainingConfig, train

SIZE = 16
LAYERS = (
    Convolution(8, 3, "relu", padding=1),
    MaxPooling(2, 2),
    Convolution(16, 3, "relu", padding=1),
    MaxPooling(2, 2),
    Flatten(),
    Dense(32, "relu"),
)
CASES = tuple(Case(SIZE * SIZE, (), batch, rows=1500, epochs=2, stacked=False) for batch in (32, 128))
ARCHITECTURE = Architecture((SIZE, SIZE), LAYERS, CLASSES)


def ours(case: Case) -> Run:
    inputs, targets = case.data()
    images = inputs.reshape(-1, SIZE, SIZE)
    names = tuple(str(index) for index in range(CLASSES))
    watched = Split(images[:WATCHED_ROWS], targets[:WATCHED_ROWS])
    dataset = Dataset("bench", "classification", (SIZE, SIZE), names, Split(images, targets), watched, None, "bench")
    config = TrainingConfig(epochs=case.epochs, batch_size=case.batch, learning_rate=LEARNING_RATE, schedule="constant")
    rows = images[: validation_rows(case)]
    return lambda: train(ARCHITECTURE, dataset, config, seed=0).network.predict(rows)


def torch_eager(case: Case) -> Run:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    inputs, targets = (torch.from_numpy(array) for array in case.data())
    images = inputs.reshape(-1, 1, SIZE, SIZE)
    rows = images[: validation_rows(case)]

    def run() -> None:
        torch.manual_seed(0)
        nn = torch.nn
        network = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(16 * (SIZE // 4) ** 2, 32), nn.ReLU(), nn.Linear(32, CLASSES)),
        )
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(case.epochs):
            order = torch.randperm(case.rows)
            shuffled, wanted = images[order], targets[order]
            for batch, labels in zip(shuffled.split(case.batch), wanted.split(case.batch), strict=True):
                optimizer.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(network(batch), labels).backward()
                optimizer.step()
        with torch.no_grad():
            network(rows).argmax(dim=1)

    return run


def measure(rounds: int, *, with_torch: bool) -> list[dict[str, Any]]:
    """Return a row per batch size."""
    rows = []
    for case in CASES:
        runs: dict[str, Callable[[], object]] = {"ours": ours(case)}
        if with_torch:
            runs["torch"] = torch_eager(case)
        seconds = take_turns(runs, rounds)
        rows.append(
            {
                "case": f"{ARCHITECTURE.describe()} b{case.batch}",
                "microseconds_per_step": {
                    name: summary([1e6 * value / case.steps for value in values]) for name, values in seconds.items()
                },
                "times_faster_than": {"torch": ratios(seconds["torch"], seconds["ours"])} if with_torch else {},
            }
        )
    return rows
