"""The verdict as a value: what every arm reached, how they compare, what was learned, and the paragraph that says so.

`evolution.comparison` reaches it; here is what it holds, and how it is stored. Older formats (`verdict_formats`) are
still read: what they did not hold is empty.

A score is the verdict's metric: accuracy, balanced accuracy, or for regression R2, beside which stands the root mean
squared error in the target's units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from core.architecture import Architecture
from core.metrics import MetricName
from evolution.answers import Group
from evolution.arms import SkippedRival
from evolution.errors import InvalidVerdict
from evolution.finalists import Finalist
from evolution.importance import Importance
from evolution.ledger import LedgerEntry
from evolution.recipe import Recipe
from evolution.scoring import Rmse
from evolution.verdict_formats import FORMAT, FORMATS, from_older_format, to_second_format

SIGNIFICANCE = 0.05

Conclusion = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, slots=True)
class Floor:
    """What comes of learning nothing: always giving the same `answer` has this `score` on the test rows.

    The answer is the most frequent class of the training rows; for regression their mean, with `rmse` its error.
    """

    answer: str
    score: float
    rmse: float | None = None


@dataclass(frozen=True, slots=True)
class FloorTest:
    """An arm's test score less the floor's, with its 95 % interval; p-values as in a comparison.

    `above` says that the arm is shown to be better than the floor: that it learned something.
    """

    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    above: bool


@dataclass(frozen=True, slots=True)
class ArmVerdict:
    """One network's row in the table: test score with its 95 % interval over new seeds and new rows, and its cost.

    `winners_curse` is how much the search overstated its winner: its score less the mean validation score of the
    re-trained networks, which the final recipe may also have made better. `failures` counts seeds whose training
    failed; they answered nothing correctly, and for regression as the floor does. `floor` is None in verdicts of
    format 1, `rmse` for other tasks than regression.
    """

    name: str
    label: str
    architecture: Architecture
    parameters: int
    test_score: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_score: float | None
    search_score: float | None
    finalist_score: float | None
    winners_curse: float | None
    floor: FloorTest | None
    search: LedgerEntry
    finalists: LedgerEntry
    retraining: LedgerEntry
    rmse: Rmse | None = None


@dataclass(frozen=True, slots=True)
class RivalVerdict:
    """Another method's row: as a network's; `seconds` are CPU seconds of all its `fits`.

    `above_networks_p_value` tests that it is better than every single network; `above_networks` says that it is shown.
    """

    name: str
    label: str
    test_score: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_score: float | None
    floor: FloorTest
    above_networks_p_value: float
    above_networks: bool
    fits: int
    seconds: float
    rmse: Rmse | None = None


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The winner's networks of all seeds together, each row answered by majority; 95 % interval over rows (Wilson).

    For regression each row is answered by their mean.
    """

    members: int
    test_score: float
    low: float
    high: float
    rmse: Rmse | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The evolved network less one rival, in test score: 95 % interval, p-value, and p-value adjusted by Holm.

    `rmse` is the same difference in the target's units, where less is better.
    """

    rival: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    conclusion: Conclusion
    rmse: Rmse | None = None


@dataclass(frozen=True, slots=True)
class FinalistRound:
    """The finalists of one search, best first; `finder` is the arm that its winner became."""

    finder: str
    finalists: tuple[Finalist, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """How many layers, or how many neurons: the scores by group, and the sentence."""

    sentence: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole comparison; `evolved` names the arm that is compared with all others.

    `smallest` names the arm of the smallest finalist within one standard error of the evolved one, which may be the
    evolved one itself. `examples` is the word for the test rows, `epochs` how long each final training was.
    `sentence` is the first of the `paragraph`. `target` is what a regression predicts.
    """

    evolved: str
    test_rows: int
    arms: tuple[ArmVerdict, ...]
    comparisons: tuple[Comparison, ...]
    sentence: str
    smallest: str | None = None
    examples: str = "test rows"
    epochs: int | None = None
    floor: Floor | None = None
    rivals: tuple[RivalVerdict, ...] = ()
    skipped: tuple[SkippedRival, ...] = ()
    ensemble: Ensemble | None = None
    finalists: tuple[FinalistRound, ...] = ()
    layers: Answer | None = None
    neurons: Answer | None = None
    importance: Importance | None = None
    importance_sentence: str | None = None
    paragraph: tuple[str, ...] = ()
    task: str = "classification"
    metric: MetricName = "accuracy"
    target: str | None = None

    def arm(self, name: str) -> ArmVerdict | None:
        """Return the network of this name, if it took part."""
        return next((one for one in self.arms if one.name == name), None)

    def comparison(self, rival: str) -> Comparison | None:
        """Return the comparison with this arm or rival, if there is one."""
        return next((one for one in self.comparisons if one.rival == rival), None)

    @property
    def labels(self) -> dict[str, str]:
        """What each arm and rival is called."""
        return {one.name: one.label for one in self.arms} | {one.name: one.label for one in self.rivals}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values with a format number, the smallest that can say it."""
        value = {"format": FORMAT, **_to_json(self)}
        return to_second_format(value) if self.metric == "accuracy" else value

    @classmethod
    def from_json(cls, value: object) -> "Verdict":
        """Read what `to_json` wrote, now or in an older format; anything else raises InvalidVerdict."""
        if not isinstance(value, dict) or value.get("format") not in FORMATS:
            raise InvalidVerdict(f"verdict: expected an object of format {', '.join(map(str, FORMATS))}")
        try:
            found = value if value["format"] == FORMAT else from_older_format(value)
            return cls(**_read({key: item for key, item in found.items() if key != "format"}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidVerdict(f"verdict: {type(error).__name__}: {error}") from error


def _to_json(value: Any) -> Any:
    if isinstance(value, Architecture):
        return value.to_json()
    if is_dataclass(value):
        return {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value


def _read(found: dict[str, Any]) -> dict[str, Any]:
    """Turn the parts of a verdict's JSON into the values that they were."""
    read = dict(found)
    read["arms"] = tuple(_arm(arm) for arm in found["arms"])
    read["comparisons"] = tuple(Comparison(**_with_rmse(one)) for one in found["comparisons"])
    for name, kind in (("floor", Floor), ("importance", Importance)):
        read[name] = _optional(kind, found.get(name))
    ensemble = found.get("ensemble")
    read["ensemble"] = None if ensemble is None else Ensemble(**_with_rmse(ensemble))
    read["rivals"] = tuple(
        RivalVerdict(**{**_with_rmse(one), "floor": FloorTest(**one["floor"])}) for one in found.get("rivals", ())
    )
    read["skipped"] = tuple(SkippedRival(**one) for one in found.get("skipped", ()))
    read["finalists"] = tuple(
        FinalistRound(one["finder"], tuple(_finalist(each) for each in one["finalists"]))
        for one in found.get("finalists", ())
    )
    for name in ("layers", "neurons"):
        answer = found.get(name)
        read[name] = answer and Answer(answer["sentence"], tuple(Group(**one) for one in answer["groups"]))
    read["paragraph"] = tuple(found["paragraph"])
    return read


def _arm(value: Mapping[str, Any]) -> ArmVerdict:
    read = _with_rmse(value)
    read["architecture"] = Architecture.from_json(value["architecture"])
    read["floor"] = _optional(FloorTest, value["floor"])
    for part in ("search", "finalists", "retraining"):
        read[part] = LedgerEntry(**value[part])
    return ArmVerdict(**read)


def _with_rmse(value: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "rmse": _optional(Rmse, value.get("rmse"))}


def _finalist(value: Mapping[str, Any]) -> Finalist:
    architecture, recipe = Architecture.from_json(value["architecture"]), _optional(Recipe, value.get("recipe"))
    return Finalist(**{**value, "architecture": architecture, "recipe": recipe})


def _optional(kind: Any, value: Mapping[str, Any] | None) -> Any:
    return None if value is None else kind(**value)
