"""Which charts there are: for each its title, what it shows, and the two functions that make and draw it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from service.charts.answers import layers, layers_figure, neurons, neurons_figure
from service.charts.best_so_far import best_so_far, best_so_far_figure
from service.charts.calibration import calibration, calibration_figure
from service.charts.candidates import candidates, candidates_figure
from service.charts.chart import Chart, ChartName
from service.charts.depth_width import depth_width, depth_width_figure
from service.charts.figure import Figure
from service.charts.generations import generations, generations_figure
from service.charts.importance import importance, importance_figure
from service.charts.learning_curves import learning_curves, learning_curves_figure
from service.charts.operators import operators, operators_figure
from service.charts.parallel import parallel, parallel_figure
from service.charts.source import ChartSource
from service.charts.workers import workers, workers_figure


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
    "learning-curves": Kind(
        "Learning curves",
        "The validation score by epoch of the best 20 candidates and of a few others.",
        learning_curves,
        learning_curves_figure,
    ),
    "workers": Kind(
        "Workers",
        "Which worker trained what and when, in the last 500 evaluations.",
        workers,
        workers_figure,
    ),
    "layers": Kind(
        "How many layers?",
        "Mean score by number of layers, with 95 % intervals and counts.",
        layers,
        layers_figure,
    ),
    "neurons": Kind(
        "How many neurons?",
        "Mean score by number of neurons in all, with 95 % intervals and counts.",
        neurons,
        neurons_figure,
    ),
    "importance": Kind(
        "What matters?",
        "How much of the score depth, width and activation each explain alone.",
        importance,
        importance_figure,
    ),
    "depth-width": Kind(
        "Depth and width",
        "Mean score by depth and number of neurons together, with counts.",
        depth_width,
        depth_width_figure,
    ),
    "parallel": Kind(
        "Parallel coordinates",
        "Each candidate as a line through its properties to its score.",
        parallel,
        parallel_figure,
    ),
    "operators": Kind(
        "Success of the operators",
        "How often each operator was tried, failed, and made something better than it was given.",
        operators,
        operators_figure,
    ),
    "calibration": Kind(
        "Prediction against score",
        "What the search believed of candidates before their training, and what came of it.",
        calibration,
        calibration_figure,
    ),
    "generations": Kind(
        "Generations",
        "Each network that was better than all before it, with its parents and what made it.",
        generations,
        generations_figure,
    ),
}
