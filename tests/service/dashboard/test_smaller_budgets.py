"""What less would have brought, in sentences."""

from dataclasses import replace

import pytest

from core.architecture import Architecture, Dense
from core.training import TrainingConfig
from evolution.recommendation import Standing
from service.dashboard.smaller_budgets import best_score_sentence, replayed_sentence
from service.store.progress import Improvement
from service.what_if import WhatIf


def standing(units: int, mean: float) -> Standing:
    return Standing(Architecture((64,), (Dense(units, "relu"),), 10), TrainingConfig(), mean, 0.01, 1, 0)


LESS = WhatIf(10, 40, 30, standing(8, 0.9), standing(16, 0.95), 0.93, 0.02)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (LESS, "instead of 64-[16 relu]-10; judged by all scores, that is \N{MINUS SIGN}2.0 points."),
        (replace(LESS, gain=0.0), "all scores together do not see it behind."),
        (replace(LESS, gain=None), "all scores together do not rank it any more."),
        (replace(LESS, recommended=LESS.recommended_by_all), "the same network, 64-[16 relu]-10."),
        (replace(LESS, recommended=None), "every training had failed."),
    ],
)
def test_a_smaller_budget_is_judged_by_all_scores(found: WhatIf, told: str) -> None:
    sentence = replayed_sentence("a quarter", found, "accuracy")

    assert sentence.startswith("With a quarter of the candidates (10 of 40; 30 epochs) ")
    assert sentence.endswith(told)


def test_without_a_replay_the_best_scores_are_compared() -> None:
    steps = [Improvement(2, 0.5), Improvement(60, 0.75)]

    assert best_score_sentence("half", 50, steps, "accuracy").endswith(
        "the best score was 50.0 %, \N{MINUS SIGN}25.0 points to the best of all."
    )
    assert best_score_sentence("half", 61, steps, "accuracy").endswith("75.0 %, was there already.")
    assert best_score_sentence("half", 1, steps, "accuracy").endswith("there was no score yet.")
