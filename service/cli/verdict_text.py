"""The verdict as text for a terminal: first the sentence, then the numbers."""

import textwrap
from collections.abc import Mapping
from typing import Any

from core.architecture import Architecture
from service.cli.output import table

WIDTH = 110


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """Return the verdict's JSON as lines: the sentence, the arms on the test rows, the comparisons, the ledger."""
    arms = verdict["arms"]
    lines = ["", *textwrap.wrap(verdict["sentence"], WIDTH), ""]
    lines += table(
        (
            f"ON {verdict['test_rows']:,} TEST ROWS",
            "NETWORK",
            "ACCURACY",
            "95 % INTERVAL",
            "SEARCH SCORE -> RE-TRAINED",
        ),
        [(arm["label"], _network(arm), _percent(arm["test_accuracy"]), _interval(arm), _curse(arm)) for arm in arms],
    )
    lines += [
        f"{arm['label']}: {arm['failures']} of {arm['seeds']} trainings diverged and count as wrong answers"
        for arm in arms
        if arm["failures"]
    ]
    lines.append("")
    labels = {arm["name"]: arm["label"] for arm in arms}
    lines += table(
        (f"{labels[verdict['evolved']].upper()} AGAINST", "POINTS", "95 % INTERVAL", "P (HOLM)", "CONCLUSION"),
        [
            (
                labels[comparison["rival"]],
                f"{100 * comparison['difference']:+.1f}",
                f"{100 * comparison['low']:+.1f} to {100 * comparison['high']:+.1f}",
                _chance(comparison["adjusted_p_value"]),
                comparison["conclusion"],
            )
            for comparison in verdict["comparisons"]
        ],
    )
    lines.append("")
    lines += table(
        ("LEDGER", "TRAININGS", "EPOCHS", "GIGAFLOPS", "CPU SECONDS"),
        [
            (f"{arm['label']}: {part}", *_ledger(arm[part]))
            for arm in arms
            for part in ("search", "retraining")
            if arm[part]["evaluations"]
        ],
    )
    return lines


def _network(arm: Mapping[str, Any]) -> str:
    return Architecture.from_json(arm["architecture"]).describe()


def _interval(arm: Mapping[str, Any]) -> str:
    return f"{_percent(arm['test_low'])} to {_percent(arm['test_high'])}"


def _curse(arm: Mapping[str, Any]) -> str:
    if arm["search_score"] is None or arm["validation_accuracy"] is None:
        return "-"
    return f"{_percent(arm['search_score'])} -> {_percent(arm['validation_accuracy'])}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _ledger(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{entry['evaluations']:,}",
        f"{entry['epochs']:,}",
        f"{entry['flops'] / 1e9:,.1f}",
        f"{entry['seconds']:,.1f}",
    )
