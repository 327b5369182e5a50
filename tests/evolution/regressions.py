"""Arms that predict numbers with a chosen error, and verdicts made of them, without any training."""

from typing import Any

import numpy as np

from evolution.arms import ARM_LABELS, RIVAL_LABELS, ArmResult, RivalResult
from evolution.comparison import reach_verdict
from evolution.ledger import LedgerEntry
from evolution.verdict import Verdict
from tests.evolution.builders import architecture

ROWS = 200
SEEDS = 5
TARGETS = 150 + 80 * np.random.default_rng(0).standard_normal(ROWS)
MEAN = 149.0
"""Of the training rows, which are others."""


def _predictions(name: str, error: float, luck: int) -> Any:
    """Rows are equally hard for all; the deviation of an answer from its target is about `error`."""
    shared = np.random.default_rng(1).standard_normal(ROWS)
    own = np.random.default_rng([luck, *name.encode()]).normal(0, 0.2, (SEEDS, ROWS))
    return TARGETS + error * (shared + own)


def number_arm(
    name: str, error: float, *, widths: tuple[int, ...] = (8,), search_score: float | None = None, luck: int = 0
) -> ArmResult:
    """A network that errs by this much."""
    return ArmResult(
        name=name,
        label=ARM_LABELS[name],
        architecture=architecture(widths),
        validation_scores=(1 - (error / 80) ** 2,) * SEEDS,
        predictions=_predictions(name, error, luck),
        search=LedgerEntry(),
        retraining=LedgerEntry(SEEDS, 3 * SEEDS, 500, 1.25),
        search_score=search_score,
        finalist_score=search_score,
    )


def number_rival(name: str, error: float) -> RivalResult:
    """Another method that errs by this much."""
    return RivalResult(name, RIVAL_LABELS[name], (0.5,) * SEEDS, _predictions(name, error, 0), SEEDS, 2.0)


def constant(arm: ArmResult, noise: float = 1.0) -> ArmResult:
    """The same network, having learned nothing: it answers the mean, give or take a little."""
    answers = MEAN + noise * np.random.default_rng(3).standard_normal(arm.predictions.shape)
    return ArmResult(**{**{name: getattr(arm, name) for name in arm.__dataclass_fields__}, "predictions": answers})


def regression_verdict(*arms: ArmResult, **more: Any) -> Verdict:
    """Reach the verdict on these arms."""
    told = {"usual_answer": (MEAN, "149.0"), "examples": "test patients", "epochs": 6, "target": "progression"}
    return reach_verdict(arms, TARGETS, **{"metric": "r2", **told, **more})
