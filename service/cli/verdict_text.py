"""The verdict as text for a terminal: first the paragraph, then the numbers."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from evolution.errors import EvolutionError
from evolution.ledger import LedgerEntry
from evolution.verdict import Answer, ArmVerdict, FloorTest, RivalVerdict, Verdict
from service.cli.output import printable, table

WIDTH = 110

Rows = list[tuple[str, ...]]


def verdict_lines(stored: Mapping[str, Any]) -> list[str]:
    """Return the verdict's JSON as lines: the paragraph, the arms on the test rows, the comparisons, the ledger.

    A verdict of a later format is told by its sentence alone.
    """
    try:
        verdict = Verdict.from_json(stored)
    except (EvolutionError, ValueError):
        return [
            "",
            *_wrapped(printable(stored.get("sentence", ""), 2000)),
            "",
            "The rest was written by a newer release.",
        ]
    labels = {name: printable(label) for name, label in verdict.labels.items()}
    parts = (
        _wrapped(" ".join(verdict.paragraph)),
        _accuracies(verdict),
        _comparisons(verdict, labels),
        _finalists(verdict, labels),
        _answer("HIDDEN LAYERS", verdict.layers),
        _answer("NEURONS IN ALL", verdict.neurons),
        _wrapped(verdict.importance_sentence or ""),
        _ledger(verdict),
    )
    return [line for part in parts if part for line in ("", *part)]


def _accuracies(verdict: Verdict) -> list[str]:
    header = (
        f"ON {verdict.test_rows:,} TEST ROWS",
        "NETWORK",
        "ACCURACY",
        "95 % INTERVAL",
        "P (ABOVE FLOOR)",
        "SEARCH -> FINALIST -> RE-TRAINED",
    )
    rows: Rows = [
        (
            printable(arm.label),
            arm.architecture.describe(),
            _percent(arm.test_accuracy),
            _interval(arm.test_low, arm.test_high),
            _above(arm.floor),
            _curse(arm),
        )
        for arm in verdict.arms
    ]
    if verdict.ensemble is not None:
        ensemble = verdict.ensemble
        name = f"majority vote of {verdict.labels[verdict.evolved]}'s {ensemble.members}"
        rows.append((name, "", _percent(ensemble.test_accuracy), _interval(ensemble.low, ensemble.high), "-", "-"))
    rows += [
        (
            printable(rival.label),
            "",
            _percent(rival.test_accuracy),
            _interval(rival.test_low, rival.test_high),
            _above(rival.floor),
            "-" if rival.validation_accuracy is None else _percent(rival.validation_accuracy),
        )
        for rival in verdict.rivals
    ]
    if verdict.floor is not None:
        rows.append((f'always "{printable(verdict.floor.answer)}"', "", _percent(verdict.floor.share), "-", "-", "-"))
    notes = [f"{printable(one.label)} was left out: {one.reason}" for one in verdict.skipped]
    return [*table(header, rows), *_failures((*verdict.arms, *verdict.rivals)), *notes]


def _failures(arms: Iterable[ArmVerdict | RivalVerdict]) -> list[str]:
    return [
        f"{printable(arm.label)}: {arm.failures} of {arm.seeds} trainings diverged and count as wrong answers"
        for arm in arms
        if arm.failures
    ]


def _comparisons(verdict: Verdict, labels: Mapping[str, str]) -> list[str]:
    header = (f"{labels[verdict.evolved].upper()} AGAINST", "POINTS", "95 % INTERVAL", "P (HOLM)", "CONCLUSION")
    rows: Rows = [
        (
            labels[one.rival],
            f"{100 * one.difference:+.1f}",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
            _chance(one.adjusted_p_value),
            one.conclusion,
        )
        for one in verdict.comparisons
    ]
    return table(header, rows) if rows else []


def _finalists(verdict: Verdict, labels: Mapping[str, str]) -> list[str]:
    rows: Rows = []
    for each in verdict.finalists:
        for one in each.finalists:
            error = "" if one.standard_error is None else f" ± {100 * one.standard_error:.1f}"
            fresh = "diverged" if one.mean is None else f"{_percent(one.mean)}{error}"
            network = one.architecture
            rows.append(
                (
                    labels[each.finder],
                    network.describe(),
                    f"{network.parameter_count:,}",
                    _percent(one.search_score),
                    fresh,
                )
            )
    header = ("FINALISTS OF", "NETWORK", "PARAMETERS", "SEARCH SCORE", "ON FRESH SEEDS")
    return table(header, rows) if rows else []


def _answer(title: str, answer: Answer | None) -> list[str]:
    if answer is None or not answer.groups:
        return []
    rows: Rows = [
        (
            f"{group.least:,}" if group.most == group.least else f"{group.least:,} to {group.most:,}",
            f"{group.networks:,}",
            _percent(group.mean),
            # Student's interval knows nothing of 0 % and 100 %.
            "-" if group.low is None or group.high is None else _interval(max(group.low, 0), min(group.high, 1)),
        )
        for group in answer.groups
    ]
    return [*_wrapped(answer.sentence), *table((title, "NETWORKS", "SEARCH SCORE", "95 % INTERVAL"), rows)]


def _ledger(verdict: Verdict) -> list[str]:
    rows: Rows = [
        (f"{printable(arm.label)}: {part}", *_spent(entry))
        for arm in verdict.arms
        for part, entry in (("search", arm.search), ("finalists", arm.finalists), ("retraining", arm.retraining))
        if entry.evaluations
    ]
    rows += [(printable(rival.label), f"{rival.fits:,}", "-", "-", f"{rival.seconds:,.1f}") for rival in verdict.rivals]
    return table(("LEDGER", "TRAININGS", "EPOCHS", "GIGAFLOPS", "CPU SECONDS"), rows)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def _interval(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"


def _curse(arm: ArmVerdict) -> str:
    if arm.search_score is None or arm.validation_accuracy is None:
        return "-"
    scores = (arm.search_score, arm.finalist_score, arm.validation_accuracy)
    return " -> ".join(_percent(score) for score in scores if score is not None)


def _above(test: FloorTest | None) -> str:
    return "-" if test is None else _chance(test.adjusted_p_value) if test.difference > 0 else "not above"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _spent(entry: LedgerEntry) -> tuple[str, ...]:
    return (f"{entry.evaluations:,}", f"{entry.epochs:,}", f"{entry.flops / 1e9:,.1f}", f"{entry.seconds:,.1f}")
