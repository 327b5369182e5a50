"""What the real runs show: means with intervals over the search seeds, paired differences, as JSON and as tables.

The unit is the search seed. What an arm reaches after one search, its mean over final seeds and test rows, is one
number, and the searches are independent of each other, so Student's t over these few numbers is valid
(`mean_interval`); after the same search seed all arms share final seeds and test rows, so differences are taken in
pairs. Taking the trainings or the test rows for units instead would multiply a few searches into thousands of
observations that are not independent.

That interval is about new searches on this very split. A second one, `new_rows`, is about new test rows as well: the
crossed estimate of `evolution.statistics` over search seeds and rows, which is the product's own and cautious.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.search.real_runs.final_phase import ArmOutcome, SeedOutcome
from benchmarks.search.real_runs.searches import EVOLUTION
from core.architecture import Architecture
from evolution.statistics import Estimate, crossed_mean, holm, mean_interval
from evolution.wording import chance, percent, points


@dataclass(frozen=True, slots=True)
class Difference:
    """The test accuracy of our evolution less an arm's: over new searches, and over new searches and new rows."""

    searches: Estimate
    new_rows: Estimate


def accuracy(outcomes: Sequence[SeedOutcome], name: str) -> Estimate:
    """Return the mean test accuracy of an arm with its interval over the search seeds, at least two."""
    return mean_interval([outcome.arms[name].accuracy for outcome in outcomes])


def difference(outcomes: Sequence[SeedOutcome], rival: str) -> Difference:
    """Compare our evolution with another arm, search seed by search seed, at least two."""
    pairs = [(outcome.arms[EVOLUTION], outcome.arms[rival]) for outcome in outcomes]
    return Difference(
        mean_interval([ours.accuracy - other.accuracy for ours, other in pairs]),
        crossed_mean(np.array([ours.correct - other.correct for ours, other in pairs])),
    )


def adjusted(results: Mapping[str, Sequence[SeedOutcome]], rival: str) -> dict[str, float]:
    """Return the p-values over the searches, by data set, corrected by Holm for the number of data sets."""
    p_values = [difference(outcomes, rival).searches.p_value for outcomes in results.values()]
    return dict(zip(results, holm(p_values), strict=True))


def to_json(outcomes: Sequence[SeedOutcome]) -> dict[str, Any]:
    """Return all figures of one data set as plain values."""
    names = list(outcomes[0].arms)
    return {
        "seeds": [_seed_to_json(outcome) for outcome in outcomes],
        "accuracy": {name: asdict(accuracy(outcomes, name)) for name in names},
        "difference": {name: asdict(difference(outcomes, name)) for name in names if name != EVOLUTION},
    }


def _seed_to_json(outcome: SeedOutcome) -> dict[str, Any]:
    return {
        "seed": outcome.seed,
        "searches": {
            found.name: {
                "trainings": len(found.evaluations),
                "epochs": found.epochs,
                "training_seconds": found.training_seconds,
                "seconds": found.seconds,
            }
            for found in outcome.found
        },
        "arms": {name: _arm_to_json(arm) for name, arm in outcome.arms.items()},
        "finals": asdict(outcome.finals),
    }


def _arm_to_json(arm: ArmOutcome) -> dict[str, Any]:
    return {
        "architecture": arm.architecture.describe(),
        "parameters": arm.architecture.parameter_count,
        "search_score": arm.search_score,
        "finalist_score": arm.finalist_score,
        "test_accuracy": arm.accuracy,
    }


def lines(results: Mapping[str, Sequence[SeedOutcome]]) -> list[str]:
    """Return the tables as Markdown: accuracies and differences, what was spent, and the winners."""
    told = [
        "| data set | arm | test accuracy | evolution less it | p, searches (Holm) | new rows too |",
        "|---|---|---|---|---|---|",
    ]
    told += [
        f"| {task} | {name} | {_interval(accuracy(outcomes, name))} | {_compared(results, task, name)}"
        for task, outcomes in results.items()
        for name in outcomes[0].arms
    ]
    told += [
        "",
        "| data set | search | trainings | epochs | CPU s training | CPU s in all |",
        "|---|---|---|---|---|---|",
    ]
    for task, outcomes in results.items():
        told += [_spent(task, outcomes, place) for place in range(len(outcomes[0].found))]
    told += ["", "| data set | search | winners (parameters) |", "|---|---|---|"]
    for task, outcomes in results.items():
        for found in outcomes[0].found:
            sizes = "; ".join(_size(outcome.arms[found.name].architecture) for outcome in outcomes)
            told.append(f"| {task} | {found.name} | {sizes} |")
    return told


def _interval(estimate: Estimate) -> str:
    # Student's t does not know that there is nothing above 100 %.
    return f"{percent(estimate.mean)} ({100 * max(estimate.low, 0):.1f} to {100 * min(estimate.high, 1):.1f})"


def _compared(results: Mapping[str, Sequence[SeedOutcome]], task: str, name: str) -> str:
    if name == EVOLUTION:
        return "| | |"
    found = difference(results[task], name)
    one, rows = found.searches, found.new_rows
    return (
        f"{_points(one)} | {chance(one.p_value)} ({chance(adjusted(results, name)[task])}) | "
        f"{100 * rows.low:+.1f} to {100 * rows.high:+.1f}, {chance(rows.p_value)} |"
    )


def _points(estimate: Estimate) -> str:
    if estimate.low == estimate.high:
        return f"{points(estimate.mean)} (after every search)"
    return f"{points(estimate.mean)} ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"


def _spent(task: str, outcomes: Sequence[SeedOutcome], place: int) -> str:
    found = [outcome.found[place] for outcome in outcomes]
    trainings, epochs, training, seconds = (
        float(np.mean(values))
        for values in (
            [len(one.evaluations) for one in found],
            [one.epochs for one in found],
            [one.training_seconds for one in found],
            [one.seconds for one in found],
        )
    )
    return f"| {task} | {found[0].name} | {trainings:.1f} | {epochs:,.0f} | {training:.1f} | {seconds:.1f} |"


def _size(architecture: Architecture) -> str:
    kind = f" {architecture.activations[0]}" if architecture.layers else ""
    return f"[{', '.join(str(units) for units in architecture.widths)}]{kind} ({architecture.parameter_count:,})"
