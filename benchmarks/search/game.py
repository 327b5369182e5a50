"""One player's game on one problem: what it would recommend once it has spent this much, and how good that truly is.

Spending is counted in three ways, because strategies that stop trainings early, or like small networks, look better in
one than in another: trainings (each seed of a trial is one, and so is going on with a stopped one), epochs, and FLOPs.
Limits are given in full trainings: 50 are 50 trainings, 50 times the epochs of a full one, or 50 times the FLOPs of a
random network's. A recommendation at a limit rests on trials whose cost, all together, does not exceed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from benchmarks.search.player import Player
from benchmarks.search.problem import Outcome, Problem, Trial

Measure = Literal["trainings", "epochs", "flops"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
PATIENCE = 2
"""How many times the largest limit's trainings are played at most, while the epochs or FLOPs do not reach theirs."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a player would recommend at a moment, against the truth.

    `regret` of the recommended network and `promise` (its promised score minus its true value) are percentage points,
    `share` is that of the table's hypervolume which the player's front dominates; `spent` counts trainings.
    """

    regret: float
    promise: float
    share: float
    spent: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a player stood at a limit."""

    measure: Measure
    limit: int
    standing: Standing


@dataclass(slots=True)
class _Spending:
    trainings: float = 0.0
    epochs: float = 0.0
    flops: float = 0.0

    def after(self, trial: Trial, outcome: Outcome, problem: Problem) -> "_Spending":
        return _Spending(
            self.trainings + len(trial.seeds),
            self.epochs + outcome.epochs / problem.epochs,
            self.flops + outcome.flops / problem.random_training_flops,
        )


def most_trainings(limits: Sequence[int]) -> int:
    """Return how many trainings a game with these limits may take."""
    return PATIENCE * max(limits)


def play(player: Player, problem: Problem, limits: Sequence[int]) -> list[Mark]:
    """Let the player train until every limit of every measure is reached, and return its marks.

    It ends early when the player has nothing left to train, and after twice the largest limit in trainings once their
    epochs have reached theirs; what is left then is marked with the last recommendation.
    """
    open_limits = {measure: sorted(set(limits)) for measure in MEASURES}
    spending, marks = _Spending(), []
    # Decimal fractions of a training add up to a little more than they should.
    tolerance = 1 + 1e-9
    told = False
    while any(open_limits.values()) and not _played_enough(spending, limits):
        trial = player.ask()
        if trial is None:
            break
        outcome = problem.outcome(trial)
        after = spending.after(trial, outcome, problem)
        if told:
            passed = {
                measure: [limit for limit in waiting if getattr(after, measure) > limit * tolerance]
                for measure, waiting in open_limits.items()
            }
            marks += _marks(player, problem, passed, spending)
            for measure, limits_passed in passed.items():
                del open_limits[measure][: len(limits_passed)]
        player.tell(outcome)
        spending, told = after, told or outcome.value is not None
    return marks + _marks(player, problem, open_limits, spending)


def _played_enough(spending: _Spending, limits: Sequence[int]) -> bool:
    return spending.trainings >= most_trainings(limits) and spending.epochs >= max(limits)


def _marks(
    player: Player, problem: Problem, passed: Mapping[Measure, Sequence[int]], spending: _Spending
) -> list[Mark]:
    if not any(passed.values()):
        return []
    chosen = player.recommend()
    standing = Standing(
        regret=problem.regret(chosen.architecture),
        promise=100 * (chosen.score - problem.true_value(chosen.architecture)),
        share=problem.hypervolume_share(player.front()),
        spent=int(spending.trainings),
    )
    return [Mark(measure, limit, standing) for measure, limits in passed.items() for limit in limits]
