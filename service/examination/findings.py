"""What a network does with the validation rows: pure functions from arrays to what a page shows.

The test rows are opened once, by the verdict; nothing here ever sees them.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.dataset import Dataset
from core.metrics import SMALLEST_PROBABILITY, confusion_matrix, mae, rmse, unchecked_r2
from core.network import Network
from service.data.encoder import Encoder
from service.examination.limits import (
    GRID,
    MATRIX_CLASSES,
    SHOWN_MISTAKES,
    SHOWN_POINTS,
    SHOWN_ROWS,
    SHOWN_VALUES,
)
from service.examination.pictures import picture_of, pixels_of
from service.examination.result import (
    ClassShare,
    Mistake,
    NumberPair,
    RegionPoint,
    Regions,
    RegressionFit,
    Reliability,
    ReliabilityBin,
    WorstRow,
)
from service.examination.table_rows import axis_of, cells_of

BINS: Final = 10
BATCH_ROWS: Final = 4_096
MARGIN: Final = 0.08
"""Of the data's range, on each side of a map."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network answers to rows: class indices with probabilities (n, classes), or values (n,) alone.

    `losses` (n,) are -log of the probability of the right answer in nats, or distances from the true value.
    """

    true: Array
    predicted: Array
    probabilities: npt.NDArray[np.float64] | None
    losses: npt.NDArray[np.float64]

    @property
    def certainty(self) -> npt.NDArray[np.float64] | None:
        """The probability of each answer."""
        if self.probabilities is None:
            return None
        found: npt.NDArray[np.float64] = self.probabilities[np.arange(len(self.predicted)), self.predicted]
        return found


def answer(network: Network, raw: Dataset, prepared: Dataset) -> Answers:
    """Let a network answer the validation rows, given as they are and standardized."""
    inputs, targets = prepared.validation.flat_inputs, raw.validation.targets
    if network.task == "regression":
        true = targets[:, 0].astype(np.float64)
        predicted = np.concatenate([network.predict_prepared(part)[:, 0] for part in _parts(inputs)]).astype(np.float64)
        return Answers(true, predicted, None, np.abs(predicted - true))
    probabilities = np.concatenate([_softmax(network.logits(part)) for part in _parts(inputs)])
    wanted = probabilities[np.arange(len(targets)), targets]
    # The answers themselves come from the logits: of equals the first one wins, which rounding could change.
    predicted = np.concatenate([network.predict_prepared(part) for part in _parts(inputs)])
    return Answers(targets, predicted, probabilities, -np.log(np.maximum(wanted, SMALLEST_PROBABILITY)))


def by_class(answers: Answers, names: tuple[str, ...]) -> list[ClassShare]:
    """Return how many rows of each class were recognized."""
    counts = confusion_matrix(answers.predicted, answers.true, len(names))
    return [
        ClassShare(name=name, rows=int(row.sum()), right=int(row[index]))
        for index, (name, row) in enumerate(zip(names, counts, strict=True))
    ]


def confusion(answers: Answers, names: tuple[str, ...]) -> tuple[list[list[int]] | None, list[Mistake]]:
    """Return the confusion matrix, None for too many classes, and its largest cells off the diagonal."""
    counts = confusion_matrix(answers.predicted, answers.true, len(names))
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN_MISTAKES].tolist()
    places = [divmod(place, len(names)) for place in order]
    mistakes = [
        Mistake(true=names[true], predicted=names[predicted], rows=int(wrong[true, predicted]))
        for true, predicted in places
        if wrong[true, predicted]
    ]
    matrix: list[list[int]] | None = counts.tolist() if len(names) <= MATRIX_CLASSES else None
    return matrix, mistakes


def calibration(answers: Answers) -> Reliability | None:
    """Return ten bins of equal width and the expected calibration error (Guo et al. 2017, eq. 3)."""
    certainty = answers.certainty
    if certainty is None:
        return None
    right = answers.predicted == answers.true
    place = np.clip(np.ceil(certainty * BINS).astype(int) - 1, 0, BINS - 1)
    bins, error = [], 0.0
    for index in range(BINS):
        inside = place == index
        rows = int(inside.sum())
        if not rows:
            continue
        probability, share = float(certainty[inside].mean()), float(right[inside].mean())
        error += rows / len(right) * abs(probability - share)
        bins.append(
            ReliabilityBin(low=index / BINS, high=(index + 1) / BINS, rows=rows, probability=probability, right=share)
        )
    return Reliability(bins=bins, error=error)


def regression_fit(answers: Answers) -> RegressionFit:
    """Return errors in the target's units, R2, and up to 1,000 pairs spread evenly over the rows."""
    finite = np.nan_to_num(answers.predicted, nan=0.0)
    return RegressionFit(
        rmse=rmse(finite, answers.true),
        mae=mae(finite, answers.true),
        r2=unchecked_r2(finite, answers.true),
        points=[
            NumberPair(true=float(answers.true[row]), predicted=float(finite[row])) for row in _spread(len(finite))
        ],
    )


def worst_rows(answers: Answers, raw: Dataset, encoder: Encoder | None, names: tuple[str, ...]) -> list[WorstRow]:
    """Return the rows with the highest loss that were answered wrongly, for regression those farthest off."""
    inputs = raw.validation.flat_inputs
    picture = picture_of(raw.input_shape)
    certainty = answers.certainty
    order = np.argsort(-answers.losses, kind="stable")
    if certainty is not None:
        order = order[answers.predicted[order] != answers.true[order]]
    most = SHOWN_ROWS if picture is None else min(SHOWN_ROWS, max(1, SHOWN_VALUES // inputs.shape[1]))
    low, high = float(inputs.min()), float(inputs.max())
    found = []
    for row in order[:most].tolist():
        told = (
            [names[int(index)] for index in (answers.true[row], answers.predicted[row])]
            if certainty is not None
            else [f"{value:.6g}" for value in (answers.true[row], answers.predicted[row])]
        )
        found.append(
            WorstRow(
                row=row,
                true=told[0],
                predicted=told[1],
                probability=None if certainty is None else float(certainty[row]),
                loss=float(answers.losses[row]),
                pixels=None if picture is None else pixels_of(inputs[row], low, high),
                cells=cells_of(inputs[row], encoder) if picture is None else None,
            )
        )
    return found


def regions(network: Network, answers: Answers, raw: Dataset, encoder: Encoder | None) -> Regions | None:
    """Return the map of the plane of two features; None for any other number of them."""
    if raw.input_shape != (2,):
        return None
    seen = np.concatenate([raw.train.flat_inputs, raw.validation.flat_inputs])
    sides, units, axes = [], [], []
    for index in range(2):
        low, high = float(seen[:, index].min()), float(seen[:, index].max())
        margin = MARGIN * (high - low) or 1.0
        axis, shift, scale = axis_of(index, encoder, low - margin, high + margin)
        axes.append(axis)
        units.append((shift, scale))
        sides.append(np.linspace(low - margin, high + margin, GRID))
    y, x = np.meshgrid(sides[1], sides[0], indexing="ij")
    grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    with np.errstate(all="ignore"):
        if network.task == "regression":
            told = np.nan_to_num(network.predict(grid)[:, 0]).astype(float)
            values, certainty = [float(f"{value:.5g}") for value in told.tolist()], None
        else:
            probabilities = network.predict_probabilities(grid)
            values = network.predict(grid).astype(float).tolist()
            certainty = np.rint(100 * probabilities.max(axis=1)).astype(int).tolist()
    points = raw.validation.flat_inputs.astype(np.float64)
    for index, (shift, scale) in enumerate(units):
        points[:, index] = points[:, index] * scale + shift
    return Regions(
        x=axes[0],
        y=axes[1],
        side=GRID,
        answers=values,
        certainty=certainty,
        points=[
            RegionPoint(
                x=float(points[row, 0]),
                y=float(points[row, 1]),
                true=float(answers.true[row]),
                predicted=float(np.nan_to_num(answers.predicted[row])),
            )
            for row in _spread(len(points))
        ],
    )


def _softmax(logits: Array) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    probabilities: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def _parts(inputs: Array) -> list[Array]:
    """Return the rows in parts of a size whose layers fit into memory."""
    return [inputs[start : start + BATCH_ROWS] for start in range(0, len(inputs), BATCH_ROWS)]


def _spread(rows: int) -> list[int]:
    """Return at most 1,000 of the rows, evenly spread, in their order."""
    if rows <= SHOWN_POINTS:
        return list(range(rows))
    chosen: list[int] = np.linspace(0, rows - 1, SHOWN_POINTS).astype(int).tolist()
    return chosen
