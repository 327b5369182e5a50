"""Scores as the command line writes them: shares in percent, R2 as a number."""

from collections.abc import Mapping
from typing import Any

from evolution.metric_words import words_of


def score_text(answer: Mapping[str, Any], score: float) -> str:
    """Write a score in the metric that an answer of the service names; an older service knows accuracy alone."""
    return words_of("r2").number(score) if answer.get("metric") == "r2" else f"{score:.1%}"


def metric_text(answer: Mapping[str, Any]) -> str:
    """Write the name of the metric."""
    known = {"r2": "R²", "balanced_accuracy": "balanced accuracy"}
    return known.get(str(answer.get("metric")), "accuracy")
