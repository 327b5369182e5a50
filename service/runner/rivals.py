"""What else could have been used: three methods of scikit-learn with their default settings, on the same rows.

They are fitted here and not on the workers: a few seconds each, and scikit-learn need not be installed there. Each gets
the standardized training rows and nothing of the validation rows but their score.
"""

import importlib.util
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from core.dataset import Dataset
from evolution.arms import RIVAL_LABELS, RivalResult, SkippedRival, read_predictions
from evolution.blas import pin_blas
from service.store.rival_repository import RivalFit

MOST_ROWS: Final = 200_000
MOST_SVC_ROWS: Final = 20_000
"""A support vector machine takes time and memory with the square of the rows."""

SEED_LIMIT: Final = 2**32
"""scikit-learn takes seeds of 32 bits."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A method: how to make it from a seed, whether the seed changes anything, and up to how many training rows."""

    name: str
    make: Callable[[int], Any]
    seeded: bool = True
    most_rows: int = MOST_ROWS

    @property
    def label(self) -> str:
        """What the verdict calls it."""
        return RIVAL_LABELS[self.name]


def _mlp(seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - an optional extra

    return MLPClassifier(random_state=seed)


def _random_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - an optional extra

    return RandomForestClassifier(random_state=seed)


def _svc(_seed: int) -> Any:
    from sklearn.svm import SVC  # noqa: PLC0415 - an optional extra

    return SVC()


RIVALS: Final = (
    Rival("mlp", _mlp),
    Rival("random_forest", _random_forest),
    Rival("svc", _svc, seeded=False, most_rows=MOST_SVC_ROWS),
)


def chosen_rivals(dataset: Dataset) -> tuple[tuple[Rival, ...], tuple[SkippedRival, ...]]:
    """Return the methods that take part on these data, and those that are left out, each with the reason."""
    if importlib.util.find_spec("sklearn") is None:
        return (), tuple(SkippedRival(one.name, one.label, "scikit-learn is not installed") for one in RIVALS)
    rows = len(dataset.train)
    taken = tuple(one for one in RIVALS if rows <= one.most_rows)
    skipped = tuple(
        SkippedRival(one.name, one.label, f"{rows:,} training rows; it is fitted up to {one.most_rows:,}")
        for one in RIVALS
        if rows > one.most_rows
    )
    return taken, skipped


def fit_rival(rival: Rival, dataset: Dataset, seed: int, seed_index: int) -> RivalFit:
    """Fit one method on the standardized training rows and let it answer the test rows."""
    if dataset.test is None:
        raise ValueError("what else could have been used is asked on the test rows")
    pin_blas()
    started = time.thread_time()
    try:
        with warnings.catch_warnings():
            # Defaults are what is asked for; that an MLP would like more iterations is no news.
            warnings.simplefilter("ignore")
            model = rival.make(seed % SEED_LIMIT)
            model.fit(dataset.train.flat_inputs, dataset.train.targets)
            score = float(np.mean(model.predict(dataset.validation.flat_inputs) == dataset.validation.targets))
            predictions = model.predict(dataset.test.flat_inputs).astype("<u2").tobytes()
    except (ValueError, FloatingPointError, MemoryError):
        # It diverged or did not fit; like a network that does, it answers nothing.
        return RivalFit(rival.name, seed_index, time.thread_time() - started, None, None)
    return RivalFit(rival.name, seed_index, time.thread_time() - started, score, predictions)


def rival_result(rival: Rival, fits: Sequence[RivalFit], seeds: Sequence[int], rows: int) -> RivalResult:
    """Collect a method's fits for the verdict's seeds, by their indices; one without chance answers alike for all."""
    stored = {fit.seed_index: fit for fit in fits if fit.name == rival.name}
    used = [stored[index if rival.seeded else 0] for index in seeds]
    return RivalResult(
        name=rival.name,
        label=rival.label,
        validation_accuracies=tuple(fit.validation_score for fit in used if fit.validation_score is not None),
        predictions=read_predictions(rival.name, [fit.predictions for fit in used], rows=rows),
        fits=len(stored),
        seconds=sum(fit.seconds for fit in stored.values()),
    )
