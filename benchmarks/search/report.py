"""What the games show: means with standard errors, ratios to ours, as JSON values and as printed tables."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.search.contest import Played
from benchmarks.search.game import Measure, Standing
from benchmarks.search.strategies import STRATEGIES
from core.replicates import mean_and_standard_error

TITLES: Mapping[Measure, str] = {
    "epochs": "at the epochs of so many full trainings",
    "trainings": "after so many trainings, stopped and continued ones counted alike",
    "flops": "at the FLOPs of so many trainings of a random network",
}
SHARE_LIMITS = (50, 100)


@dataclass(frozen=True, slots=True)
class Cell:
    """The games of one strategy on one problem at one limit: each quantity's values, one per repeat."""

    regret: tuple[float, ...]
    promise: tuple[float, ...]
    share: tuple[float, ...]
    spent: tuple[float, ...]

    def mean(self, quantity: str) -> float:
        """Return the mean over the repeats."""
        return mean_and_standard_error(getattr(self, quantity))[0]

    def to_json(self) -> dict[str, Any]:
        """Return each quantity's mean and standard error, and the single regrets for comparisons in pairs."""
        found: dict[str, Any] = {"repeats": len(self.regret), "regrets": [round(value, 6) for value in self.regret]}
        for name in ("regret", "promise", "share", "spent"):
            mean, error = mean_and_standard_error(getattr(self, name))
            found[name] = {"mean": mean, "standard_error": error}
        return found

    def text(self, quantity: str, digits: int = 2) -> str:
        """Return "mean ± standard error"."""
        mean, error = mean_and_standard_error(getattr(self, quantity))
        return f"{mean:.{digits}f}" if error is None else f"{mean:.{digits}f} ± {error:.{digits}f}"


Place = tuple[Measure, str, str, int]
"""Measure, problem, strategy, limit."""


class Results:
    """The cells of a contest, by measure, problem, strategy and limit."""

    def __init__(self, played: Iterable[Played]) -> None:
        standings: dict[Place, list[Standing]] = defaultdict(list)
        for game, found in played:
            for mark in found:
                standings[mark.measure, game.problem, game.strategy, mark.limit].append(mark.standing)
        self.cells: dict[Place, Cell] = {place: _cell(of) for place, of in standings.items()}

    @property
    def problems(self) -> list[str]:
        """The problems' names, in the order of the games."""
        return list(dict.fromkeys(problem for _, problem, _, _ in self.cells))

    @property
    def strategies(self) -> list[str]:
        """The strategies' names, in the order of the games."""
        return list(dict.fromkeys(strategy for _, _, strategy, _ in self.cells))

    def ratio(self, measure: Measure, problem: str, strategy: str, champion: str, limit: int) -> float | None:
        """Return the strategy's mean regret over the champion's; None where the champion has none left."""
        ours = self.cells[measure, problem, champion, limit].mean("regret")
        return self.cells[measure, problem, strategy, limit].mean("regret") / ours if ours > 0 else None

    def to_json(self) -> list[dict[str, Any]]:
        """Return one entry per cell."""
        return [
            {"measure": measure, "problem": problem, "strategy": strategy, "limit": limit, **cell.to_json()}
            for (measure, problem, strategy, limit), cell in self.cells.items()
        ]


def _cell(standings: Sequence[Standing]) -> Cell:
    columns = zip(*((one.regret, one.promise, one.share, float(one.spent)) for one in standings), strict=True)
    return Cell(*columns)


def lines(results: Results, limits: Sequence[int], champion: str | None) -> Iterator[str]:
    """Yield the printed report; the ratios only where the champion played."""
    for measure, title in TITLES.items():
        yield from _table(results, limits, f"regret in %, {title}", measure, "regret", results.strategies)
    if champion in results.strategies:
        yield from _ratios(results, limits, champion)
    yield from _table(
        results,
        [max(limits)],
        "promised minus true accuracy of the recommended network, in %",
        "epochs",
        "promise",
        results.strategies,
    )
    two = [name for name in results.strategies if STRATEGIES[name].two_objectives or STRATEGIES[name].ours]
    asked = [limit for limit in limits if limit in SHARE_LIMITS]
    if two and asked:
        title = "share of the table's hypervolume (accuracy, log10 parameters) that the reported front dominates"
        yield from _table(results, asked, title, "trainings", "share", two)


def _table(
    results: Results, limits: Sequence[int], title: str, measure: Measure, quantity: str, strategies: Sequence[str]
) -> Iterator[str]:
    columns = [(problem, limit) for problem in results.problems for limit in limits]
    yield f"{title} (mean ± standard error)"
    yield "| | " + " | ".join(f"{problem} {limit}" for problem, limit in columns) + " |"
    yield "|" + "---|" * (len(columns) + 1)
    digits = 3 if quantity == "share" else 2
    for strategy in strategies:
        cells = (results.cells[measure, problem, strategy, limit].text(quantity, digits) for problem, limit in columns)
        yield f"| {strategy} | " + " | ".join(cells) + " |"
    yield ""


def _ratios(results: Results, limits: Sequence[int], champion: str) -> Iterator[str]:
    measures: tuple[Measure, ...] = ("epochs", "flops")
    columns = [(measure, problem, limit) for measure in measures for problem in results.problems for limit in limits]
    yield f"mean regret, divided by that of {champion}; the last columns are geometric means over the data sets"
    names = [f"{problem} {limit} ({measure})" for measure, problem, limit in columns]
    means = [f"all {limit} ({measure})" for measure in measures for limit in limits]
    yield "| | " + " | ".join(names + means) + " |"
    yield "|" + "---|" * (len(names) + len(means) + 1)
    for strategy in results.strategies:
        if strategy == champion:
            continue
        found = {
            (measure, problem, limit): results.ratio(measure, problem, strategy, champion, limit)
            for measure, problem, limit in columns
        }
        cells = [_ratio_text(found[column]) for column in columns]
        cells += [
            _ratio_text(_geometric_mean([found[measure, problem, limit] for problem in results.problems]))
            for measure in measures
            for limit in limits
        ]
        yield f"| {strategy} | " + " | ".join(cells) + " |"
    yield ""


def _ratio_text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1f}"


def _geometric_mean(ratios: Sequence[float | None]) -> float | None:
    """Return the mean; None where one is missing or zero."""
    known = [ratio for ratio in ratios if ratio]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known and len(known) == len(ratios) else None
