"""Was the search worth it? The evolved network against every rival, and everybody against having learned nothing.

A pure function of what the re-trained arms answered on the test rows and of what they cost. Nothing that the search
itself reported takes part in a test; it is only set beside the re-trained score, so that everyone can see how much luck
was in it (the winner's curse).

Three families of tests, each with Holm's correction over its own members, all of them the crossed test of
`evolution.statistics` over seeds and rows:

- the comparisons: the evolved network against every other network and every other method;
- the floor: every network and method against always giving the most frequent class of the training rows;
- the methods above all networks: a method is better than every network only if it is better than each of them, so its
  p-value is the largest of these (the intersection-union test: R. L. Berger, Technometrics 24, 1982), and then comes
  Holm's correction over the methods.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from evolution.answer_sentence import NOTHING_LEARNED, importance_sentence, layers_sentence, neurons_sentence
from evolution.answers import Answers
from evolution.arms import LOGISTIC_REGRESSION, SMALLEST, ArmResult, RivalResult, SkippedRival, majority_vote
from evolution.errors import InvalidVerdict
from evolution.importance import Importance
from evolution.statistics import Estimate, crossed_mean, floor_test, holm, paired_test, share_interval
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

Correct = dict[str, npt.NDArray[np.bool_]]


def reach_verdict(
    arms: Sequence[ArmResult],
    targets: npt.NDArray[np.int64],
    *,
    usual_answer: tuple[int, str],
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

    `usual_answer` is the most frequent class of the training rows, by index and name. `examples` is the sentence's
    word for the test rows, `epochs` the length of the final trainings. Raises InvalidVerdict where the arms do not fit
    together.
    """
    correct = _correct(arms, rivals, targets, evolved)
    others = [name for name in correct if name != evolved]
    floor = targets == usual_answer[0]
    floors = _floor_tests(correct, floor)
    tests = [paired_test(correct[evolved], correct[name]) for name in others]
    comparisons = tuple(
        Comparison(rival, test.mean, test.low, test.high, test.p_value, adjusted, _conclusion(test.mean, adjusted))
        for rival, test, adjusted in zip(others, tests, holm([test.p_value for test in tests]), strict=True)
    )
    above = _above_networks(arms, rivals, correct)
    main = next(arm for arm in arms if arm.name == evolved)
    verdict = Verdict(
        evolved=evolved,
        test_rows=len(targets),
        arms=tuple(_arm_verdict(arm, correct[arm.name], floors[arm.name]) for arm in arms),
        comparisons=comparisons,
        sentence="",
        smallest=SMALLEST if SMALLEST in correct else evolved,
        examples=examples,
        epochs=epochs,
        floor=Floor(usual_answer[1], float(floor.mean())),
        rivals=tuple(_rival_verdict(one, correct[one.name], floors[one.name], above[one.name]) for one in rivals),
        skipped=tuple(skipped),
        ensemble=_ensemble(main, targets),
        finalists=tuple(finalists),
        importance=importance,
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
    linear = verdict.comparison(LOGISTIC_REGRESSION)
    layers = layers_sentence(answers.layers, None if linear is None else linear.conclusion)
    neurons = neurons_sentence(answers.neurons)
    if not learned:
        layers, neurons = (f"How many {noun} it takes {NOTHING_LEARNED}" for noun in ("hidden layers", "neurons"))
    return replace(verdict, layers=Answer(layers, answers.layers), neurons=Answer(neurons, answers.neurons))


def _correct(
    arms: Sequence[ArmResult], rivals: Sequence[RivalResult], targets: npt.NDArray[np.int64], evolved: str
) -> Correct:
    """Return what everybody answered correctly, (seeds, rows) each; raises InvalidVerdict where shapes differ."""
    named = {arm.name: arm.predictions for arm in arms} | {rival.name: rival.predictions for rival in rivals}
    if len(named) != len(arms) + len(rivals) or evolved not in {arm.name for arm in arms}:
        names = [arm.name for arm in arms] + [rival.name for rival in rivals]
        raise InvalidVerdict(f"arms must have different names, {evolved!r} among them; got {names}")
    shape = (len(named[evolved]), len(targets))
    if min(shape) < 2:
        raise InvalidVerdict(f"a verdict needs at least 2 seeds and 2 test rows, got {shape[0]} and {shape[1]}")
    for name, predictions in named.items():
        if predictions.shape != shape:
            raise InvalidVerdict(f"arm {name}: expected predictions {shape}, got {predictions.shape}")
    return {name: predictions == targets for name, predictions in named.items()}


def _conclusion(difference: float, adjusted_p_value: float) -> Conclusion:
    if adjusted_p_value >= SIGNIFICANCE:
        return "no difference shown"
    return "better" if difference > 0 else "worse"


def _floor_tests(correct: Correct, floor: npt.NDArray[np.bool_]) -> dict[str, FloorTest]:
    tests = [floor_test(answers, floor) for answers in correct.values()]
    adjusted = holm([test.p_value for test in tests])
    return {
        name: FloorTest(test.mean, test.low, test.high, test.p_value, p, test.mean > 0 and p < SIGNIFICANCE)
        for name, test, p in zip(correct, tests, adjusted, strict=True)
    }


def _above_networks(arms: Sequence[ArmResult], rivals: Sequence[RivalResult], correct: Correct) -> dict[str, float]:
    """Return each method's adjusted p-value of being better than every network."""

    def least_shown(rival: str) -> float:
        tests = [paired_test(correct[rival], correct[arm.name]) for arm in arms]
        return max(test.p_value if test.mean > 0 else 1.0 for test in tests)

    names = [rival.name for rival in rivals]
    return dict(zip(names, holm([least_shown(name) for name in names]), strict=True))


def _ensemble(main: ArmResult, targets: npt.NDArray[np.int64]) -> Ensemble:
    right = int((majority_vote(main.predictions) == targets).sum())
    low, high = share_interval(right, len(targets))
    return Ensemble(len(main.validation_accuracies), right / len(targets), low, high)


def _arm_verdict(arm: ArmResult, correct: npt.NDArray[np.bool_], floor: FloorTest) -> ArmVerdict:
    estimate = _accuracy(correct)
    validation = _mean(arm.validation_accuracies)
    curse = None if arm.search_score is None or validation is None else arm.search_score - validation
    return ArmVerdict(
        name=arm.name,
        label=arm.label,
        architecture=arm.architecture,
        parameters=arm.architecture.parameter_count,
        test_accuracy=estimate.mean,
        test_low=estimate.low,
        test_high=estimate.high,
        seeds=len(correct),
        failures=len(correct) - len(arm.validation_accuracies),
        validation_accuracy=validation,
        search_score=arm.search_score,
        finalist_score=arm.finalist_score,
        winners_curse=curse,
        floor=floor,
        search=arm.search,
        finalists=arm.finalists,
        retraining=arm.retraining,
    )


def _rival_verdict(rival: RivalResult, correct: npt.NDArray[np.bool_], floor: FloorTest, above: float) -> RivalVerdict:
    estimate = _accuracy(correct)
    return RivalVerdict(
        name=rival.name,
        label=rival.label,
        test_accuracy=estimate.mean,
        test_low=estimate.low,
        test_high=estimate.high,
        seeds=len(correct),
        failures=len(correct) - len(rival.validation_accuracies),
        validation_accuracy=_mean(rival.validation_accuracies),
        floor=floor,
        above_networks_p_value=above,
        above_networks=above < SIGNIFICANCE,
        fits=rival.fits,
        seconds=rival.seconds,
    )


def _accuracy(correct: npt.NDArray[np.bool_]) -> Estimate:
    estimate = crossed_mean(correct)
    return replace(estimate, low=max(estimate.low, 0.0), high=min(estimate.high, 1.0))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
