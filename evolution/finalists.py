"""The finalists: the best networks of each search are trained again on fresh seeds before one of them is crowned.

A search's best score is the luckiest of many, and its runner-up may well be the better network. So the leaders of every
search meet again on seeds that none of them has seen, with the final recipe (longer, with a falling learning rate), and
the best mean wins. No test row takes part. Beside the winner stands the smallest network whose mean lies within one
standard error of the winner's (the one-standard-error rule: Breiman, Friedman, Olshen and Stone, "Classification and
Regression Trees", 1984, section 3.4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.architecture import Architecture
from core.replicates import mean_and_standard_error
from evolution.candidate import Evaluation
from evolution.errors import InvalidVerdict
from evolution.recipe import Recipe, recipe_of
from evolution.recommendation import Standing
from evolution.retraining import Arm


@dataclass(frozen=True, slots=True)
class Finalist:
    """One of the leaders and how it did on the fresh seeds.

    `recipe` is how it is trained, where the search varied that. `search_score` is what the search believed of it.
    `mean` and `standard_error` are those of its validation scores on the `seeds` that could be trained; `failures` of
    these diverged and have no score. The mean is None where all did, the standard error where fewer than two scores are
    there.
    """

    architecture: Architecture
    search_score: float
    mean: float | None
    standard_error: float | None
    seeds: int
    failures: int
    recipe: Recipe | None = None


def choose_finalists(ranked: Sequence[Standing], count: int) -> tuple[Standing, ...]:
    """Return the `count` networks of a search that become finalists: the best and, last, the smallest that may be it.

    `ranked` are its standings, best first. Where scores can hardly be told apart, their order says little, and no
    small network might be among the best few; so the last place goes to the network with the fewest parameters whose
    mean lies within one standard deviation of the best one's, unless it is among them.
    """
    best = tuple(ranked[:count])
    if count < 2 or len(ranked) <= count:
        return best
    close = (one for one in ranked if one.mean >= best[0].mean - best[0].deviation)
    smallest = min(close, key=lambda one: one.architecture.parameter_count)
    return best if smallest in best else (*best[:-1], smallest)


def finalist_arms(*leaders: Sequence[Standing], recipes: bool = False) -> tuple[Arm, ...]:
    """Return the arms of the phase: the leaders of all searches, a network that several searches found only once.

    `recipes` says that they are trained each with its own recipe, because the searches varied that.
    """
    found = dict.fromkeys(_entry(standing, recipes) for group in leaders for standing in group)
    return tuple(Arm(f"finalist {place}", *entry) for place, entry in enumerate(found, start=1))


def _entry(standing: Standing, recipes: bool) -> tuple[Architecture, Recipe | None]:
    return standing.architecture, recipe_of(standing.training) if recipes else None


def rank_finalists(
    leaders: Sequence[Standing], trained: Sequence[tuple[Arm, Sequence[Evaluation]]], *, recipes: bool = False
) -> tuple[Finalist, ...]:
    """Return one search's finalists, best first; `trained` holds the trainings of all finalists, by arm.

    A network that diverged on some seed cannot be relied on: fewer failures come first, then the higher mean, the
    fewer parameters, and the place in the search.
    """
    groups = {(arm.architecture, arm.recipe): group for arm, group in trained if group}
    found: dict[tuple[Architecture, Recipe | None], Finalist] = {}
    for standing in leaders:
        entry = _entry(standing, recipes)
        if entry not in groups:
            raise InvalidVerdict(f"the finalist {standing.architecture.describe()} was not trained")
        group = groups[entry]
        scores = [one.fitness for one in group if one.fitness is not None]
        mean, error = mean_and_standard_error(scores) if scores else (None, None)
        failures = len(group) - len(scores)
        found.setdefault(
            entry,
            Finalist(standing.architecture, standing.mean, mean, error, len(group), failures, entry[1]),
        )
    return tuple(
        sorted(found.values(), key=lambda one: (one.failures, -(one.mean or 0.0), one.architecture.parameter_count))
    )


def smallest_within_one_standard_error(ranked: Sequence[Finalist]) -> Finalist:
    """Return the finalist with the fewest parameters whose mean is within one standard error of the first one's.

    It must be as reliable as the first: one that diverged more often is passed over. That is the first itself where no
    smaller one comes so close, or where its standard error is unknown.
    """
    winner = ranked[0]
    if winner.mean is None or winner.standard_error is None:
        return winner
    close = [
        one
        for one in ranked
        if one.failures <= winner.failures and one.mean is not None and one.mean >= winner.mean - winner.standard_error
    ]
    return min(close, key=lambda one: one.architecture.parameter_count)
