"""Which charts there are: for each its title, what it shows, and the two functions that make and draw it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from service.charts.best_so_far import best_so_far, best_so_far_figure
from service.charts.candidates import candidates, candidates_figure
from service.charts.chart import Chart, ChartName
from service.charts.figure import Figure
from service.charts.source import ChartSource


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of chart: `shows` says in a sentence what is to be seen."""

    title: str
    shows: str
    make: Callable[[ChartSource], Chart]
    draw: Callable[[Chart], Figure]


CHARTS: Final[Mapping[ChartName, Kind]] = {
    "best-so-far": Kind(
        "Best score so far",
        "The best validation score after each candidate, with its uncertainty, and the scores of all.",
        best_so_far,
        best_so_far_figure,
    ),
    "candidates": Kind(
        "Parameters against score",
        "The size of every network against its score, and those that no other beats in both.",
        candidates,
        candidates_figure,
    ),
}
