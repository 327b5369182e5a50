"""Was the search worth it? The evolved network against every rival, and everybody against having learned nothing.

A pure function of what the re-trained arms answered on the test rows and of what they cost. Nothing that the search
itself reported takes part in a test; it is only set beside the re-trained score, so that everyone can see how much luck
was in it (the winner's curse).

Three families of tests, each with Holm's correction over its own members, all of them the crossed test of
`evolution.statistics` over seeds and rows, on what `evolution.scoring` says that each answer is worth: whether it is
right, or for regression its squared error:

- the comparisons: the evolved network against every other network and every other method;
- the floor: every network and method against always giving the most frequent class of the training rows, or their
  mean;
- the methods above all networks: a method is better than every network only if it is better than each of them, so its
  p-value is the largest of these (the intersection-union test: R. L. Berger, Technometrics 24, 1982), and then comes
  Holm's correction over the methods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.metrics import MetricName
from evolution.answer_sentence import NOTHING_LEARNED, importance_sentence, layers_sentence, neurons_sentence
from evolution.answers import Answers
from evolution.arms import NO_HIDDEN_LAYER, SMALLEST, ArmResult, Predictions, RivalResult, SkippedRival
from evolution.errors import InvalidVerdict
from evolution.importance import Importance
from evolution.metric_words import words_of
from evolution.scoring import Scoring, mean_of, scoring_of
from evolution.statistics import Estimate, floor_test, holm, paired_test
from evolution.verdict import (
    SIGNIFICANCE,
    Answer,
    ArmVerdict,
    Comparison,
    Conclusion,
    Ensemble,
    FinalistRound,
    Floor,
    FloorTest,
    RivalVerdict,
    Verdict,
)
from evolution.verdict_sentence import paragraph

Values = dict[str, npt.NDArray[Any]]
"""What the answers of each arm and rival are worth, (seeds, rows)."""


def reach_verdict(
    arms: Sequence[ArmResult],
    targets: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    *,
    usual_answer: tuple[float, str],
    metric: MetricName = "accuracy",
    target: str | None = None,
    evolved: str = "evolution",
    examples: str = "test rows",
    epochs: int | None = None,
    rivals: Sequence[RivalResult] = (),
    skipped: Sequence[SkippedRival] = (),
    finalists: Sequence[FinalistRound] = (),
    answers: Answers | None = None,
    importance: Importance | None = None,
) -> Verdict:
    """Compare the evolved arm with all others on the test targets (rows,); every arm was trained on the same seeds.

    Targets are class indices, or with the metric "r2" numbers of what `target` names, in its units.
    `usual_answer` is the most frequent class of the training rows, by index and name, or their mean with its text.
    `examples` is the sentence's word for the test rows, `epochs` the length of the final trainings. Raises
    InvalidVerdict where the arms do not fit together.
    """
    predictions = _predictions(arms, rivals, len(targets), evolved)
    scoring = scoring_of(metric, targets, usual_answer[0])
    values = {name: scoring.values(answers) for name, answers in predictions.items()}
    scores = {name: scoring.estimate(worth) for name, worth in values.items()}
    floor = scoring.floor()
    floors = _floor_tests(values, floor, scoring)
    above = _above_networks(arms, rivals, values, scoring)
    main = next(arm for arm in arms if arm.name == evolved)
    floor_score = scoring.estimate(np.stack([floor, floor]))
    floor_rmse = scoring.rmse(floor_score)
    verdict = Verdict(
        evolved=evolved,
        test_rows=len(targets),
        arms=tuple(_arm_verdict(arm, scores[arm.name], floors[arm.name], scoring) for arm in arms),
        comparisons=_comparisons(evolved, values, scores, scoring),
        sentence="",
        smallest=SMALLEST if SMALLEST in values else evolved,
        examples=examples,
        epochs=epochs,
        floor=Floor(usual_answer[1], floor_score.mean, None if floor_rmse is None else floor_rmse.value),
        rivals=tuple(
            _rival_verdict(one, scores[one.name], floors[one.name], above[one.name], scoring) for one in rivals
        ),
        skipped=tuple(skipped),
        ensemble=_ensemble(main, scoring),
        finalists=tuple(finalists),
        importance=importance,
        task="regression" if metric == "r2" else "classification",
        metric=metric,
        target=target,
    )
    sentences = paragraph(verdict)
    return replace(_with_answers(verdict, answers), sentence=sentences[0], paragraph=sentences)


def _with_answers(verdict: Verdict, answers: Answers | None) -> Verdict:
    """Add the sentences on layers, neurons and importance; where no network learned anything they say just that."""
    learned = any(arm.floor is not None and arm.floor.above for arm in verdict.arms)
    if verdict.importance is not None:
        told = importance_sentence(verdict.importance) if learned else f"What matters {NOTHING_LEARNED}"
        verdict = replace(verdict, importance_sentence=told)
    if answers is None:
        return verdict
    linear = next((one for one in verdict.comparisons if one.rival in NO_HIDDEN_LAYER), None)
    words = words_of(verdict.metric)
    layers = layers_sentence(answers.layers, None if linear is None else linear.conclusion, words)
    neurons = neurons_sentence(answers.neurons, words)
    if not learned:
        layers, neurons = (f"How many {noun} it takes {NOTHING_LEARNED}" for noun in ("hidden layers", "neurons"))
    return replace(verdict, layers=Answer(layers, answers.layers), neurons=Answer(neurons, answers.neurons))


def _predictions(
    arms: Sequence[ArmResult], rivals: Sequence[RivalResult], rows: int, evolved: str
) -> dict[str, Predictions]:
    """Return what everybody answered, (seeds, rows) each; raises InvalidVerdict where shapes differ."""
    named = {arm.name: arm.predictions for arm in arms} | {rival.name: rival.predictions for rival in rivals}
    if len(named) != len(arms) + len(rivals) or evolved not in {arm.name for arm in arms}:
        names = [arm.name for arm in arms] + [rival.name for rival in rivals]
        raise InvalidVerdict(f"arms must have different names, {evolved!r} among them; got {names}")
    shape = (len(named[evolved]), rows)
    if min(shape) < 2:
        raise InvalidVerdict(f"a verdict needs at least 2 seeds and 2 test rows, got {shape[0]} and {shape[1]}")
    for name, predictions in named.items():
        if predictions.shape != shape:
            raise InvalidVerdict(f"arm {name}: expected predictions {shape}, got {predictions.shape}")
    return named


def _comparisons(
    evolved: str, values: Values, scores: Mapping[str, Estimate], scoring: Scoring
) -> tuple[Comparison, ...]:
    others = [name for name in values if name != evolved]
    tests = [paired_test(values[evolved], values[name], scoring.estimate) for name in others]
    return tuple(
        Comparison(
            rival,
            test.mean,
            test.low,
            test.high,
            test.p_value,
            adjusted,
            _conclusion(test.mean, adjusted),
            scoring.rmse_difference(test, scores[evolved], scores[rival]),
        )
        for rival, test, adjusted in zip(others, tests, holm([test.p_value for test in tests]), strict=True)
    )


def _conclusion(difference: float, adjusted_p_value: float) -> Conclusion:
    if adjusted_p_value >= SIGNIFICANCE:
        return "no difference shown"
    return "better" if difference > 0 else "worse"


def _floor_tests(values: Values, floor: npt.NDArray[Any], scoring: Scoring) -> dict[str, FloorTest]:
    tests = [floor_test(worth, floor, scoring.estimate) for worth in values.values()]
    adjusted = holm([test.p_value for test in tests])
    return {
        name: FloorTest(test.mean, test.low, test.high, test.p_value, p, test.mean > 0 and p < SIGNIFICANCE)
        for name, test, p in zip(values, tests, adjusted, strict=True)
    }


def _above_networks(
    arms: Sequence[ArmResult], rivals: Sequence[RivalResult], values: Values, scoring: Scoring
) -> dict[str, float]:
    """Return each method's adjusted p-value of being better than every network."""

    def least_shown(rival: str) -> float:
        tests = [paired_test(values[rival], values[arm.name], scoring.estimate) for arm in arms]
        return max(test.p_value if test.mean > 0 else 1.0 for test in tests)

    names = [rival.name for rival in rivals]
    return dict(zip(names, holm([least_shown(name) for name in names]), strict=True))


def _ensemble(main: ArmResult, scoring: Scoring) -> Ensemble:
    together = scoring.ensemble(main.predictions)
    return Ensemble(len(main.validation_scores), together.mean, together.low, together.high, scoring.rmse(together))


def _arm_verdict(arm: ArmResult, score: Estimate, floor: FloorTest, scoring: Scoring) -> ArmVerdict:
    estimate = scoring.within(score)
    validation = mean_of(arm.validation_scores)
    curse = None if arm.search_score is None or validation is None else arm.search_score - validation
    return ArmVerdict(
        name=arm.name,
        label=arm.label,
        architecture=arm.architecture,
        parameters=arm.architecture.parameter_count,
        test_score=estimate.mean,
        test_low=estimate.low,
        test_high=estimate.high,
        seeds=len(arm.predictions),
        failures=len(arm.predictions) - len(arm.validation_scores),
        validation_score=validation,
        search_score=arm.search_score,
        finalist_score=arm.finalist_score,
        winners_curse=curse,
        floor=floor,
        search=arm.search,
        finalists=arm.finalists,
        retraining=arm.retraining,
        rmse=scoring.rmse(score),
    )


def _rival_verdict(
    rival: RivalResult, score: Estimate, floor: FloorTest, above: float, scoring: Scoring
) -> RivalVerdict:
    estimate = scoring.within(score)
    return RivalVerdict(
        name=rival.name,
        label=rival.label,
        test_score=estimate.mean,
        test_low=estimate.low,
        test_high=estimate.high,
        seeds=len(rival.predictions),
        failures=len(rival.predictions) - len(rival.validation_scores),
        validation_score=mean_of(rival.validation_scores),
        floor=floor,
        above_networks_p_value=above,
        above_networks=above < SIGNIFICANCE,
        fits=rival.fits,
        seconds=rival.seconds,
        rmse=scoring.rmse(score),
    )
