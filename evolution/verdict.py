"""The verdict as a value: what every arm reached, how they compare, what was learned, and the paragraph that says so.

`evolution.comparison` reaches it; here is what it holds, and how it is stored. Format 1 (one sentence, networks only)
is still read: what it did not hold is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from core.architecture import Architecture
from evolution.answers import Group
from evolution.arms import SkippedRival
from evolution.errors import InvalidVerdict
from evolution.finalists import Finalist
from evolution.importance import Importance
from evolution.ledger import LedgerEntry
from evolution.recipe import Recipe

FIRST_FORMAT, FORMAT = 1, 2
SIGNIFICANCE = 0.05

Conclusion = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, slots=True)
class Floor:
    """What comes of learning nothing: always giving the same `answer` is right for this `share` of the test rows.

    The answer is the most frequent class of the training rows.
    """

    answer: str
    share: float


@dataclass(frozen=True, slots=True)
class FloorTest:
    """An arm's test accuracy less the floor's share, with its 95 % interval; p-values as in a comparison.

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
    """One network's row in the table: test accuracy with its 95 % interval over new seeds and new rows, and its cost.

    `winners_curse` is how much the search overstated its winner: its score less the mean validation accuracy of the
    re-trained networks, which the final recipe may also have made better. `failures` counts seeds whose training
    failed; they answered nothing correctly. `floor` is None in verdicts of format 1.
    """

    name: str
    label: str
    architecture: Architecture
    parameters: int
    test_accuracy: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None
    search_score: float | None
    finalist_score: float | None
    winners_curse: float | None
    floor: FloorTest | None
    search: LedgerEntry
    finalists: LedgerEntry
    retraining: LedgerEntry


@dataclass(frozen=True, slots=True)
class RivalVerdict:
    """Another method's row: as a network's; `seconds` are CPU seconds of all its `fits`.

    `above_networks_p_value` tests that it is better than every single network; `above_networks` says that it is shown.
    """

    name: str
    label: str
    test_accuracy: float
    test_low: float
    test_high: float
    seeds: int
    failures: int
    validation_accuracy: float | None
    floor: FloorTest
    above_networks_p_value: float
    above_networks: bool
    fits: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The winner's networks of all seeds together, each row answered by majority; 95 % interval over rows (Wilson)."""

    members: int
    test_accuracy: float
    low: float
    high: float


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
    `sentence` is the first of the `paragraph`.
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
        """Return plain JSON values with a format number."""
        return {"format": FORMAT, **_to_json(self)}

    @classmethod
    def from_json(cls, value: object) -> "Verdict":
        """Read what `to_json` wrote, now or in format 1; anything else raises InvalidVerdict."""
        if not isinstance(value, dict) or value.get("format") not in (FIRST_FORMAT, FORMAT):
            raise InvalidVerdict(f"verdict: expected an object of format {FIRST_FORMAT} or {FORMAT}")
        found = {key: item for key, item in value.items() if key != "format"}
        try:
            if value["format"] == FIRST_FORMAT:
                found["arms"] = [_of_first_format(arm) for arm in found["arms"]]
                found["paragraph"] = [found["sentence"]]
            return cls(**_read(found))
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


def _of_first_format(arm: Mapping[str, Any]) -> dict[str, Any]:
    parameters = Architecture.from_json(arm["architecture"]).parameter_count
    added = {"finalist_score": None, "floor": None, "finalists": _to_json(LedgerEntry()), "parameters": parameters}
    return {**added, **arm}


def _read(found: dict[str, Any]) -> dict[str, Any]:
    """Turn the parts of a verdict's JSON into the values that they were."""
    read = dict(found)
    read["arms"] = tuple(_arm(arm) for arm in found["arms"])
    read["comparisons"] = tuple(Comparison(**one) for one in found["comparisons"])
    for name, kind in (("floor", Floor), ("ensemble", Ensemble), ("importance", Importance)):
        read[name] = _optional(kind, found.get(name))
    read["rivals"] = tuple(
        RivalVerdict(**{**one, "floor": FloorTest(**one["floor"])}) for one in found.get("rivals", ())
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
    read = dict(value)
    read["architecture"] = Architecture.from_json(value["architecture"])
    read["floor"] = _optional(FloorTest, value["floor"])
    for part in ("search", "finalists", "retraining"):
        read[part] = LedgerEntry(**value[part])
    return ArmVerdict(**read)


def _finalist(value: Mapping[str, Any]) -> Finalist:
    architecture, recipe = Architecture.from_json(value["architecture"]), _optional(Recipe, value.get("recipe"))
    return Finalist(**{**value, "architecture": architecture, "recipe": recipe})


def _optional(kind: Any, value: Mapping[str, Any] | None) -> Any:
    return None if value is None else kind(**value)
