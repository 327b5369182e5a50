"""Was the search worth it? The verdict compares the evolved network with every rival, and says so in one sentence.

It is a pure function of what the re-trained arms answered on the test rows and of what they cost. Nothing that the
search itself reported takes part in the comparison; it is only set beside the re-trained score, so that everyone can
see how much luck was in it (the winner's curse).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from core.architecture import Architecture
from evolution.candidate import Evaluation
from evolution.errors import InvalidVerdict
from evolution.ledger import LedgerEntry, ledger_of
from evolution.statistics import crossed_mean, holm, paired_test
from evolution.verdict_sentence import sentence

FORMAT = 1
SIGNIFICANCE = 0.05
NO_ANSWER = -1
"""The prediction of a training that failed: no class, so it counts as wrong on every row."""

Conclusion = Literal["better", "worse", "no difference shown"]

ARM_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "evolution": "evolution",
        "logistic_regression": "logistic regression",
        "hand_100": "the hand design [100]",
        "hand_128_64": "the hand design [128, 64]",
        "random_search": "random search with as many epochs",
    }
)
"""How the sentence calls each rival."""

FINDERS: Mapping[str, str] = MappingProxyType({"evolution": "Evolution", "random_search": "Random search"})
"""How the sentence begins when it is about this arm."""


@dataclass(frozen=True, eq=False)
class ArmResult:
    """What one arm showed: predictions int (seeds, rows) of class indices, NO_ANSWER in the rows of a seed that failed.

    `validation_accuracies` holds one value per seed that was trained; `search_score` is the fitness that the search
    saw for the network, where there was a search.
    """

    name: str
    label: str
    architecture: Architecture
    validation_accuracies: tuple[float, ...]
    predictions: npt.NDArray[np.int64]
    search: LedgerEntry
    retraining: LedgerEntry
    search_score: float | None = None


def arm_result(
    name: str,
    label: str,
    evaluations: Sequence[Evaluation],
    *,
    rows: int,
    search: LedgerEntry | None = None,
    search_score: float | None = None,
) -> ArmResult:
    """Collect one arm's re-trainings, in the order of their seeds; `rows` is the number of test rows.

    A training that failed answers nothing correctly. Raises InvalidVerdict where predictions are missing.
    """
    architectures = {evaluation.candidate.architecture for evaluation in evaluations}
    if len(architectures) != 1:
        raise InvalidVerdict(f"arm {name}: expected trainings of one architecture, got {len(architectures)}")
    predictions = np.full((len(evaluations), rows), NO_ANSWER, np.int64)
    for row, evaluation in zip(predictions, evaluations, strict=True):
        if evaluation.error is not None:
            continue
        classes = np.frombuffer(evaluation.test_predictions or b"", "<u2")
        if len(classes) != rows:
            raise InvalidVerdict(
                f"arm {name}: candidate {evaluation.candidate.number} predicted {len(classes)} test rows, "
                f"expected {rows}"
            )
        row[:] = classes
    return ArmResult(
        name=name,
        label=label,
        architecture=architectures.pop(),
        validation_accuracies=tuple(one.fitness for one in evaluations if one.fitness is not None),
        predictions=predictions,
        search=search or LedgerEntry(),
        retraining=ledger_of(evaluations),
        search_score=search_score,
    )


@dataclass(frozen=True, slots=True)
class ArmVerdict:
    """One arm's row in the table: test accuracy with its 95 % interval over new seeds and new rows, and what it cost.

    `winners_curse` is how much the search overstated its winner: its score less the mean validation accuracy of the
    re-trained networks. `failures` counts seeds whose training failed; they answered nothing correctly.
    """

    name: str
    label: str
    architecture: Architecture
    test_accuracy: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None
    search_score: float | None
    winners_curse: float | None
    search: LedgerEntry
    retraining: LedgerEntry


@dataclass(frozen=True, slots=True)
class Comparison:
    """The evolved network less one rival, in test accuracy: 95 % interval, p-value, and p-value adjusted by Holm."""

    rival: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole comparison; `evolved` names the arm that is compared with all others."""

    evolved: str
    test_rows: int
    arms: tuple[ArmVerdict, ...]
    comparisons: tuple[Comparison, ...]
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values with a format number."""
        return {
            "format": FORMAT,
            "evolved": self.evolved,
            "test_rows": self.test_rows,
            "arms": [_arm_to_json(arm) for arm in self.arms],
            "comparisons": [
                {name: getattr(comparison, name) for name in Comparison.__slots__} for comparison in self.comparisons
            ],
            "sentence": self.sentence,
        }

    @classmethod
    def from_json(cls, value: object) -> "Verdict":
        """Read what `to_json` wrote; anything else raises InvalidVerdict."""
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise InvalidVerdict(f"verdict: expected an object of format {FORMAT}")
        try:
            fields = {name: value[name] for name in cls.__slots__}
            fields["arms"] = tuple(_arm_from_json(arm) for arm in fields["arms"])
            fields["comparisons"] = tuple(Comparison(**comparison) for comparison in fields["comparisons"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidVerdict(f"verdict: {type(error).__name__}: {error}") from error
        return cls(**fields)


def reach_verdict(
    arms: Sequence[ArmResult], targets: npt.NDArray[np.int64], evolved: str = "evolution", examples: str = "test rows"
) -> Verdict:
    """Compare the evolved arm with all others on the test targets (rows,); every arm was trained on the same seeds.

    The test is paired over seeds and rows and corrected for the number of rivals. `examples` is the sentence's word
    for the test rows. Raises InvalidVerdict where the arms do not fit together.
    """
    named = {arm.name: arm for arm in arms}
    if len(named) != len(arms) or evolved not in named:
        raise InvalidVerdict(
            f"arms must have different names, {evolved!r} among them; got {[arm.name for arm in arms]}"
        )
    shape = (len(named[evolved].predictions), len(targets))
    if min(shape) < 2:
        raise InvalidVerdict(f"a verdict needs at least 2 seeds and 2 test rows, got {shape[0]} and {shape[1]}")
    for arm in arms:
        if arm.predictions.shape != shape:
            raise InvalidVerdict(f"arm {arm.name}: expected predictions {shape}, got {arm.predictions.shape}")
    correct = {arm.name: arm.predictions == targets for arm in arms}
    rivals = [arm.name for arm in arms if arm.name != evolved]
    tests = [paired_test(correct[evolved], correct[rival]) for rival in rivals]
    comparisons = tuple(
        Comparison(rival, test.mean, test.low, test.high, test.p_value, adjusted, _conclusion(test.mean, adjusted))
        for rival, test, adjusted in zip(rivals, tests, holm([test.p_value for test in tests]), strict=True)
    )
    rows = tuple(_arm_verdict(arm, correct[arm.name]) for arm in arms)
    return Verdict(
        evolved=evolved,
        test_rows=len(targets),
        arms=rows,
        comparisons=comparisons,
        sentence=sentence(
            finder=FINDERS.get(evolved, named[evolved].label),
            network=named[evolved].architecture.describe(),
            accuracy=float(correct[evolved].mean()),
            examples=examples,
            findings=[
                (named[one.rival].label, one.conclusion, one.difference, one.adjusted_p_value) for one in comparisons
            ],
        ),
    )


def _conclusion(difference: float, adjusted_p_value: float) -> Conclusion:
    if adjusted_p_value >= SIGNIFICANCE:
        return "no difference shown"
    return "better" if difference > 0 else "worse"


def _arm_verdict(arm: ArmResult, correct: npt.NDArray[np.bool_]) -> ArmVerdict:
    estimate = crossed_mean(correct)
    validation = float(np.mean(arm.validation_accuracies)) if arm.validation_accuracies else None
    curse = None if arm.search_score is None or validation is None else arm.search_score - validation
    return ArmVerdict(
        name=arm.name,
        label=arm.label,
        architecture=arm.architecture,
        test_accuracy=estimate.mean,
        test_low=max(estimate.low, 0.0),
        test_high=min(estimate.high, 1.0),
        seeds=len(correct),
        failures=len(correct) - len(arm.validation_accuracies),
        validation_accuracy=validation,
        search_score=arm.search_score,
        winners_curse=curse,
        search=arm.search,
        retraining=arm.retraining,
    )


def _arm_to_json(arm: ArmVerdict) -> dict[str, Any]:
    fields = {name: getattr(arm, name) for name in ArmVerdict.__slots__}
    fields["architecture"] = arm.architecture.to_json()
    for part in ("search", "retraining"):
        entry: LedgerEntry = fields[part]
        fields[part] = {name: getattr(entry, name) for name in LedgerEntry.__slots__}
    return fields


def _arm_from_json(value: Mapping[str, Any]) -> ArmVerdict:
    fields = cast("dict[str, Any]", dict(value))
    fields["architecture"] = Architecture.from_json(fields["architecture"])
    for part in ("search", "retraining"):
        fields[part] = LedgerEntry(**fields[part])
    return ArmVerdict(**fields)
