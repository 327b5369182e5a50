"""The picture of a contest: regret over full trainings, one panel for each data set; loads matplotlib when it draws."""

import importlib
from pathlib import Path
from typing import Any

from benchmarks.search.report import Results
from benchmarks.search.strategies import STRATEGIES
from core.replicates import mean_and_standard_error

FLOOR = 0.01
"""Regrets below it, in %, are drawn at it: the axis is logarithmic, and no real difference is smaller."""


def draw(results: Results, path: Path) -> None:
    """Write an SVG or PNG, by the path's suffix; raises ImportError where matplotlib is not installed."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    problems = results.problems
    figure, axes = pyplot.subplots(1, len(problems), figsize=(6.5 * len(problems), 5), squeeze=False)
    for axis, problem in zip(axes[0], problems, strict=True):
        # The ten colors of the default come back too soon.
        axis.set_prop_cycle(color=pyplot.get_cmap("tab20").colors)
        for strategy in results.strategies:
            _line(axis, results, problem, strategy)
        axis.set(title=problem, xlabel="epochs, in full trainings", ylabel="regret (%)", xscale="log", yscale="log")
        axis.grid(visible=True, which="both", alpha=0.2)
    axes[0][-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _line(axis: Any, results: Results, problem: str, strategy: str) -> None:
    limits = sorted(
        limit for measure, of, name, limit in results.cells if (measure, of, name) == ("epochs", problem, strategy)
    )
    rows = [mean_and_standard_error(results.cells["epochs", problem, strategy, limit].regret) for limit in limits]
    means = [max(mean, FLOOR) for mean, _ in rows]
    lows = [max(mean - (error or 0.0), FLOOR) for mean, error in rows]
    highs = [max(mean + (error or 0.0), FLOOR) for mean, error in rows]
    ours = STRATEGIES[strategy].ours
    (line,) = axis.plot(limits, means, label=strategy, linewidth=2.2 if ours else 1.2, linestyle="-" if ours else "--")
    axis.fill_between(limits, lows, highs, color=line.get_color(), alpha=0.12, linewidth=0)
