"""The formats in which verdicts were and are stored, as plain JSON values.

Format 1 has one sentence and networks only. Format 2 knows accuracy alone and calls it so; a verdict that needs no more
is still written in it. Format 3 names the metric, says `test_score` for it, and for regression has errors in the
target's units (`rmse`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.architecture import Architecture

FIRST_FORMAT: Final = 1
SECOND_FORMAT: Final = 2
FORMAT: Final = 3
FORMATS: Final = (FIRST_FORMAT, SECOND_FORMAT, FORMAT)

_OLD_NAMES: Final = {"test_score": "test_accuracy", "validation_score": "validation_accuracy"}
_NEW_NAMES: Final = {old: new for new, old in _OLD_NAMES.items()}
_ADDED: Final = ("task", "metric", "target")
_NO_LEDGER: Final = {"evaluations": 0, "epochs": 0, "flops": 0, "seconds": 0.0}

Json = dict[str, Any]


def to_second_format(value: Mapping[str, Any]) -> Json:
    """Return a verdict on accuracy as format 2 wrote it."""
    found = {key: item for key, item in value.items() if key not in _ADDED}
    return {**found, **_parts(found, _without_rmse, _renamed(_OLD_NAMES), {"score": "share"}), "format": SECOND_FORMAT}


def from_older_format(value: Mapping[str, Any]) -> Json:
    """Return a verdict of format 1 or 2 as format 3 writes it, without what it did not hold."""
    found = dict(value)
    if found["format"] == FIRST_FORMAT:
        found["arms"] = [_of_first_format(arm) for arm in found["arms"]]
        found["paragraph"] = [found["sentence"]]
    return {**found, **_parts(found, dict, _renamed(_NEW_NAMES), {"share": "score"}), "format": FORMAT}


def _parts(
    found: Mapping[str, Any],
    plain: Callable[[Mapping[str, Any]], Json],
    scored: Callable[[Mapping[str, Any]], Json],
    of_floor: Mapping[str, str],
) -> Json:
    """Return the parts that differ between the formats, those that are there."""
    parts: Json = {}
    for name in ("arms", "rivals", "comparisons"):
        if name in found:
            parts[name] = [scored(plain(one)) for one in found[name]]
    for name, names in (("ensemble", scored), ("floor", _renamed(of_floor))):
        if found.get(name) is not None:
            parts[name] = names(plain(found[name]))
    return parts


def _renamed(names: Mapping[str, str]) -> Callable[[Mapping[str, Any]], Json]:
    return lambda value: {names.get(key, key): item for key, item in value.items()}


def _without_rmse(value: Mapping[str, Any]) -> Json:
    return {key: item for key, item in value.items() if key != "rmse"}


def _of_first_format(arm: Mapping[str, Any]) -> Json:
    parameters = Architecture.from_json(arm["architecture"]).parameter_count
    return {"finalist_score": None, "floor": None, "finalists": dict(_NO_LEDGER), "parameters": parameters, **arm}
