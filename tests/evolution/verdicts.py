"""Arms with a chosen accuracy, and verdicts made of them, without any training."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from evolution.arms import ARM_LABELS, RIVAL_LABELS, ArmResult, RivalResult
from evolution.comparison import reach_verdict
from evolution.ledger import LedgerEntry
from evolution.verdict import Verdict
from tests.evolution.builders import architecture

ROWS = 400
CLASSES = 3
TARGETS = np.random.default_rng(0).integers(CLASSES, size=ROWS)


def _predictions(name: str, accuracy: float, seeds: int, luck: int) -> Any:
    """Rows are equally hard for all; the answer is wrong where it is not right."""
    difficulty = np.random.default_rng(1).random(ROWS)
    noise = np.random.default_rng([luck, *name.encode()]).normal(0, 0.02, (seeds, ROWS))
    return np.where(difficulty + noise < accuracy, TARGETS, (TARGETS + 1) % CLASSES)


def arm(
    name: str,
    accuracy: float,
    *,
    seeds: int = 5,
    widths: tuple[int, ...] = (8,),
    search_score: float | None = None,
    luck: int = 0,
) -> ArmResult:
    """A network that answers each row correctly with this chance."""
    return ArmResult(
        name=name,
        label=ARM_LABELS[name],
        architecture=architecture(widths),
        validation_scores=(accuracy,) * seeds,
        predictions=_predictions(name, accuracy, seeds, luck),
        search=LedgerEntry(10, 30, 1000, 2.5) if search_score else LedgerEntry(),
        finalists=LedgerEntry(4, 24, 800, 1.5) if search_score else LedgerEntry(),
        retraining=LedgerEntry(seeds, 3 * seeds, 500, 1.25),
        search_score=search_score,
        finalist_score=search_score and accuracy + 0.01,
    )


def guessing(name: str, luck: int = 0, **more: Any) -> ArmResult:
    """A network that has learned nothing."""
    known = arm(name, 0.5, **more)
    answers = np.random.default_rng([luck, *name.encode()]).integers(CLASSES, size=known.predictions.shape)
    return ArmResult(
        known.name,
        known.label,
        known.architecture,
        known.validation_scores,
        answers,
        known.search,
        known.retraining,
        known.finalists,
        known.search_score,
        known.finalist_score,
    )


def rival(name: str, accuracy: float, seeds: int = 5) -> RivalResult:
    """Another method that answers each row correctly with this chance."""
    predictions = _predictions(name, accuracy, seeds, 0)
    return RivalResult(name, RIVAL_LABELS[name], (accuracy,) * seeds, predictions, seeds, 2.0)


def verdict_of(*arms: ArmResult, **more: Any) -> Verdict:
    """Reach the verdict on these arms; the most frequent answer is the class 0, called "zero"."""
    return reach_verdict(arms, TARGETS, **{"usual_answer": (0, "zero"), "examples": "test digits", "epochs": 6, **more})


def first_format() -> dict[str, Any]:
    """A verdict that the release with format 1 wrote."""
    stored: dict[str, Any] = json.loads((Path(__file__).parent / "verdict_format_1.json").read_text())
    return stored
