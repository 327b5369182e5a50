"""What else could have been used: three methods of scikit-learn with their default settings, on the same rows.

They are fitted here and not on the workers: a few seconds each, and scikit-learn need not be installed there. Each gets
the standardized training rows, with targets that are standardized too where they are numbers, as the networks do, and
nothing of the validation rows but their score.
"""

import importlib.util
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never

import numpy as np
import numpy.typing as npt

from core.dataset import Dataset
from core.metrics import METRICS_OF, MetricName, balanced_accuracy, r2
from core.validation import LOWEST_SCORE
from evolution.arms import RIVAL_LABELS, RivalResult, SkippedRival, read_predictions
from evolution.blas import pin_blas
from service.store.rival_repository import RivalFit

MOST_ROWS: Final = 200_000
MOST_SVC_ROWS: Final = 20_000
"""A support vector machine takes time and memory with the square of the rows."""

MOST_SVR_ROWS: Final = 10_000
"""The same for numbers, where most rows become support vectors."""

MOST_FOREST_CELLS: Final = 500_000
"""Rows times inputs: half a minute for each fit. A forest for numbers tries every input at every split, one for classes
only as many as their root."""

SEED_LIMIT: Final = 2**32
"""scikit-learn takes seeds of 32 bits."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A method: how to make it from a seed, whether the seed changes anything, and up to how many training rows.

    `most_cells` bounds the training rows times the inputs, where that matters. `metric` is what its answers to the
    validation rows are scored by.
    """

    name: str
    make: Callable[[int], Any]
    seeded: bool = True
    most_rows: int = MOST_ROWS
    most_cells: int | None = None
    metric: MetricName = "accuracy"

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


def _mlp_regressor(seed: int) -> Any:
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415 - an optional extra

    return MLPRegressor(random_state=seed)


def _forest_regressor(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - an optional extra

    return RandomForestRegressor(random_state=seed)


def _svr(_seed: int) -> Any:
    from sklearn.svm import SVR  # noqa: PLC0415 - an optional extra

    return SVR()


RIVALS: Final = (
    Rival("mlp", _mlp),
    Rival("random_forest", _random_forest),
    Rival("svc", _svc, seeded=False, most_rows=MOST_SVC_ROWS),
)

REGRESSION_RIVALS: Final = (
    Rival("mlp", _mlp_regressor),
    Rival("random_forest", _forest_regressor, most_cells=MOST_FOREST_CELLS),
    Rival("svr", _svr, seeded=False, most_rows=MOST_SVR_ROWS),
)


def chosen_rivals(
    dataset: Dataset, metric: MetricName | None = None
) -> tuple[tuple[Rival, ...], tuple[SkippedRival, ...]]:
    """Return the methods that take part on these data, and those that are left out, each with the reason.

    They are scored by `metric`, by default the task's own.
    """
    scored = metric or METRICS_OF[dataset.task][0]
    known = REGRESSION_RIVALS if dataset.task == "regression" else RIVALS
    rivals = tuple(replace(one, metric=scored) for one in known)
    if importlib.util.find_spec("sklearn") is None:
        return (), tuple(SkippedRival(one.name, one.label, "scikit-learn is not installed") for one in rivals)
    reasons = {one.name: _too_much(one, dataset) for one in rivals}
    taken = tuple(one for one in rivals if reasons[one.name] is None)
    skipped = tuple(
        SkippedRival(one.name, one.label, reason) for one in rivals if (reason := reasons[one.name]) is not None
    )
    return taken, skipped


def _too_much(rival: Rival, dataset: Dataset) -> str | None:
    """Return why the method would take too long on these data; None where it would not."""
    rows, inputs = dataset.train.flat_inputs.shape
    if rows > rival.most_rows:
        return f"{rows:,} training rows; it is fitted up to {rival.most_rows:,}"
    if rival.most_cells is not None and rows * inputs > rival.most_cells:
        return f"{rows * inputs:,} training rows times inputs; it is fitted up to {rival.most_cells:,}"
    return None


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
            numbers = dataset.task == "regression"
            model.fit(dataset.train.flat_inputs, dataset.train.targets[:, 0] if numbers else dataset.train.targets)
            score = _score(model.predict(dataset.validation.flat_inputs), dataset, rival.metric)
            predictions = _stored(model.predict(dataset.test.flat_inputs), dataset)
    except (ValueError, FloatingPointError, MemoryError):
        # It diverged or did not fit; like a network that does, it answers nothing.
        return RivalFit(rival.name, seed_index, time.thread_time() - started, None, None)
    return RivalFit(rival.name, seed_index, time.thread_time() - started, score, predictions)


def _score(answers: npt.NDArray[Any], dataset: Dataset, metric: MetricName) -> float:
    """Return the score of a method's answers to the validation rows, as a network's."""
    targets = dataset.validation.targets
    match metric:
        case "accuracy":
            return float(np.mean(answers == targets))
        case "balanced_accuracy":
            return balanced_accuracy(answers, targets, len(dataset.class_names))
        case "r2":
            return max(LOWEST_SCORE, r2(answers[:, np.newaxis], targets))
        case _:
            assert_never(metric)


def _stored(answers: npt.NDArray[Any], dataset: Dataset) -> bytes:
    """Return the answers to the test rows as bytes, numbers in the target's own units. Raises ValueError for NaN."""
    if dataset.task != "regression":
        return answers.astype("<u2").tobytes()
    if not np.isfinite(answers).all():
        raise ValueError("predictions are not finite")
    units = dataset.target_standardization
    return (answers if units is None else units.restore(answers[:, np.newaxis])).astype("<f8").tobytes()


def rival_result(
    rival: Rival, fits: Sequence[RivalFit], seeds: Sequence[int], rows: int, *, numbers: bool = False
) -> RivalResult:
    """Collect a method's fits for the verdict's seeds, by their indices; one without chance answers alike for all.

    `numbers` says that it predicts numbers, not classes.
    """
    stored = {fit.seed_index: fit for fit in fits if fit.name == rival.name}
    used = [stored[index if rival.seeded else 0] for index in seeds]
    return RivalResult(
        name=rival.name,
        label=rival.label,
        validation_scores=tuple(fit.validation_score for fit in used if fit.validation_score is not None),
        predictions=read_predictions(rival.name, [fit.predictions for fit in used], rows=rows, numbers=numbers),
        fits=len(stored),
        seconds=sum(fit.seconds for fit in stored.values()),
    )
