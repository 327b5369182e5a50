"""The two searches: our evolution, as the product runs it, and Optuna's TPE with the same core and the same epochs.

Optuna gets the same space in its own terms: depth, then for each layer a whole width on a logarithmic scale, and the
activation where there is a layer. It asks for one network after the other, each trained by `evaluate_candidate`, and
sees every result before it proposes the next; our evolution runs on four virtual workers, so it decides without the
results of the last three.
"""

import importlib
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.search.real_runs.task import Task
from core.architecture import Architecture, Dense
from evolution.anchors import anchors
from evolution.candidate import Candidate, Evaluation
from evolution.evaluation import SerialEvaluator, evaluate_candidate
from evolution.loop import Evaluated, run_search
from evolution.recommendation import Standing, standings
from evolution.rng import Purpose, seed63
from evolution.search import Budget, Search
from evolution.strategies import make_search

EVOLUTION: Final = "Cambrian evolution"
TPE: Final = "Optuna TPE"
ANCHORED_TPE: Final = "Optuna TPE, our anchors"

PARALLELISM: Final = 4
"""The product's default."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search trained, the networks that it recommends, best first, and the CPU seconds of all of it.

    `seconds` hold the proposals too, and with several threads those of all of them.
    """

    name: str
    evaluations: tuple[Evaluation, ...]
    leaders: tuple[Standing, ...]
    seconds: float

    @property
    def epochs(self) -> int:
        """Epochs that were really trained."""
        return sum(evaluation.epochs for evaluation in self.evaluations)

    @property
    def training_seconds(self) -> float:
        """CPU seconds of the trainings alone."""
        return sum(evaluation.seconds for evaluation in self.evaluations)


def drive(search: Search, evaluator: SerialEvaluator) -> list[Evaluation]:
    """Run a search to its end."""
    return [event.evaluation for event in run_search(search, evaluator) if isinstance(event, Evaluated)]


def evolve(task: Task, seed: int, trainings: int) -> Found:
    """Run our evolution for so many trainings; it recommends by posterior mean."""
    started = time.process_time()
    dataset, space = task.dataset.without_test(), task.space
    budget = Budget(evaluations=trainings)
    search = make_search(
        "evolution",
        space,
        task.training,
        rows=len(dataset.train),
        seed=seed,
        parallelism=PARALLELISM,
        budget=budget,
    )
    evaluations = drive(search, SerialEvaluator(dataset))
    return Found(EVOLUTION, tuple(evaluations), standings(evaluations, space), time.process_time() - started)


def optimize_by_tpe(task: Task, seed: int, epochs: int, *, with_anchors: bool = False) -> Found:
    """Run Optuna's TPE, multivariate and grouped, until so many epochs are spent; it recommends by what it saw.

    A trial begins if those before it took fewer epochs than that, which is how our own budgets of epochs end.
    `with_anchors` gives it the ten designs that our evolution begins with. Raises ImportError without Optuna.
    """
    optuna: Any = importlib.import_module("optuna")
    # Loading it is no part of a search.
    started = time.process_time()
    dataset, space = task.dataset.without_test(), task.space
    study = _study(optuna, seed63(seed, Purpose.SELECTION, 0) % 2**32)
    if with_anchors:
        for anchor in anchors(space):
            study.enqueue_trial(_parameters(anchor))
    evaluations: list[Evaluation] = []
    spent = 0
    while spent < epochs:
        trial, number = study.ask(), len(evaluations)
        architecture = _suggested(trial, task)
        candidate = Candidate(number, (), "tpe", seed63(seed, Purpose.TRAINING, number), architecture, task.training)
        evaluation = evaluate_candidate(candidate, dataset)
        if evaluation.fitness is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, evaluation.fitness)
        evaluations.append(evaluation)
        # One that fails in its first epoch has cost that as well, so that this ends.
        spent += max(evaluation.epochs, 1)
    name = ANCHORED_TPE if with_anchors else TPE
    return Found(name, tuple(evaluations), best_seen(evaluations), time.process_time() - started)


def best_seen(evaluations: Sequence[Evaluation]) -> tuple[Standing, ...]:
    """Return the networks by the highest value that was seen of each, best first; of equals the earlier.

    Optuna's `best_trial` is the first of them.
    """
    groups: dict[Architecture, list[Evaluation]] = {}
    for evaluation in evaluations:
        if evaluation.fitness is not None:
            groups.setdefault(evaluation.candidate.architecture, []).append(evaluation)
    found = [
        Standing(
            architecture,
            group[0].candidate.training,
            max(one.fitness for one in group if one.fitness is not None),
            0.0,
            len(group),
            group[0].candidate.number,
        )
        for architecture, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.mean, one.number)))


def _study(optuna: Any, seed: int) -> Any:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        # Both settings are called experimental; its authors recommend them for spaces like this one.
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _suggested(trial: Any, task: Task) -> Architecture:
    space = task.space
    depth = trial.suggest_int("depth", space.min_layers, space.max_layers)
    activation = trial.suggest_categorical("activation", list(space.activations)) if depth else space.activations[0]
    widths = [trial.suggest_int(f"units {place}", space.min_units, space.max_units, log=True) for place in range(depth)]
    return Architecture(space.input_shape, tuple(Dense(units, activation) for units in widths), space.outputs)


def _parameters(architecture: Architecture) -> dict[str, Any]:
    named: dict[str, Any] = {"depth": architecture.depth}
    if architecture.layers:
        named["activation"] = architecture.activations[0]
    return named | {f"units {place}": units for place, units in enumerate(architecture.widths)}
