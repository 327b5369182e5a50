"""A verdict's numbers once more, from the rows of the database: plain SQL, NumPy and SciPy, none of the product's code.

Only the order of the arms and the targets are taken as given; the formulas are written down here a second time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats
from sqlalchemy import text

from service.store.database import Database

Bools = npt.NDArray[np.bool_]

ROWS = """
    SELECT c.phase, c.number, c.operator, c.seed, c.architecture, c.parameters, c.stop_after, c.predict_test,
           e.fitness, e.error, e.epochs, e.flops, e.seconds, e.test_predictions
    FROM candidates c JOIN evaluations e ON e.candidate_id = c.id WHERE c.job_id = :job ORDER BY c.phase, c.number
"""


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval and two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


class Rows:
    """The rows of one job."""

    def __init__(self, database: Database, job_id: str) -> None:
        with database.read() as session:
            found = session.execute(text(ROWS), {"job": job_id}).mappings().all()
            fits = session.execute(
                text("SELECT * FROM rivals WHERE job_id = :job ORDER BY name, seed_index"), {"job": job_id}
            )
            self.fits = [dict(row) for row in fits.mappings()]
        self.phases: dict[str, list[dict[str, Any]]] = {}
        for row in found:
            plain = {**row, "architecture": row["architecture"]}
            if isinstance(plain["architecture"], str):
                plain["architecture"] = json.loads(plain["architecture"])
            self.phases.setdefault(row["phase"], []).append(plain)

    def arm(self, place: int, arms: int) -> list[dict[str, Any]]:
        """The final trainings of the arm at this place, by seed."""
        return [row for row in self.phases["final"] if row["number"] % arms == place]

    def correct(self, place: int, arms: int, targets: npt.NDArray[np.int64]) -> Bools:
        """What the arm answered correctly, (seeds, rows); nothing where it failed."""
        return np.array(
            [
                np.zeros(len(targets), bool)
                if row["test_predictions"] is None
                else np.frombuffer(row["test_predictions"], "<u2") == targets
                for row in self.arm(place, arms)
            ]
        )

    def rival_correct(self, name: str, targets: npt.NDArray[np.int64], seeds: int) -> Bools:
        """What another method answered correctly; one that was fitted once answers alike for every seed."""
        answers = [np.frombuffer(fit["predictions"], "<u2") == targets for fit in self.fits if fit["name"] == name]
        return np.array(answers * seeds if len(answers) == 1 else answers)


def crossed(values: npt.NDArray[Any]) -> Mean:
    """The mean over seeds and rows: variances of both margins added, degrees after Welch and Satterthwaite."""
    seeds, rows = values.shape
    by_rows = np.var(values.mean(axis=0), ddof=1) / rows
    by_seeds = np.var(values.mean(axis=1), ddof=1) / seeds
    variance, mean = by_rows + by_seeds, float(values.mean())
    if variance == 0:
        square = scipy.stats.t.ppf(0.975, rows - 1) ** 2
        reach = square / (rows + square)
        return Mean(mean, mean - reach, mean + reach, float(mean == 0))
    freedom = variance**2 / (by_rows**2 / (rows - 1) + by_seeds**2 / (seeds - 1))
    error = np.sqrt(variance)
    reach = scipy.stats.t.ppf(0.975, freedom) * error
    return Mean(mean, mean - reach, mean + reach, min(1.0, 2 * scipy.stats.t.sf(abs(mean) / error, freedom)))


def difference(one: Bools, other: Bools) -> Mean:
    """One arm less another, or less one fixed answer per row."""
    return crossed(one.astype(float) - other.astype(float))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the given order."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate([(len(p_values) - rank) * p_values[place] for rank, place in enumerate(order)])
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted.tolist()


def spent(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What these trainings cost together."""
    return {
        "evaluations": len(rows),
        "epochs": sum(row["epochs"] for row in rows),
        "flops": sum(row["flops"] for row in rows),
        "seconds": sum(row["seconds"] for row in rows),
    }


def mean_by_network(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The mean fitness of each network over its whole trainings, by its description in JSON."""
    scores: dict[str, list[float]] = {}
    for row in rows:
        if row["fitness"] is not None and row["stop_after"] is None:
            scores.setdefault(json.dumps(row["architecture"], sort_keys=True), []).append(row["fitness"])
    return {key: float(np.mean(values)) for key, values in scores.items()}
