"""The verdict as text for a terminal: first the paragraph, then the numbers."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from evolution.errors import EvolutionError
from evolution.ledger import LedgerEntry
from evolution.metric_words import MetricWords, quantity, words_of
from evolution.scoring import Rmse
from evolution.verdict import Answer, ArmVerdict, Comparison, FloorTest, RivalVerdict, Verdict
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
    words = words_of(verdict.metric)
    parts = (
        _wrapped(" ".join(verdict.paragraph)),
        _scores(verdict, words),
        _comparisons(verdict, labels, words),
        _finalists(verdict, labels, words),
        _answer("HIDDEN LAYERS", verdict.layers, words),
        _answer("NEURONS IN ALL", verdict.neurons, words),
        _wrapped(verdict.importance_sentence or ""),
        _ledger(verdict),
    )
    return [line for part in parts if part for line in ("", *part)]


def _scores(verdict: Verdict, words: MetricWords) -> list[str]:
    has_errors = words.name == "R²"
    header = (
        f"ON {verdict.test_rows:,} TEST ROWS",
        "NETWORK",
        words.name.upper(),
        "95 % INTERVAL",
        *(("RMSE",) if has_errors else ()),
        "P (ABOVE FLOOR)",
        "SEARCH -> FINALIST -> RE-TRAINED",
    )
    rows: Rows = [
        (
            printable(arm.label),
            arm.architecture.describe(),
            words.number(arm.test_score),
            _interval(arm.test_low, arm.test_high, words),
            *_error(arm.rmse),
            _above(arm.floor),
            _curse(arm, words),
        )
        for arm in verdict.arms
    ]
    if verdict.ensemble is not None:
        ensemble = verdict.ensemble
        who = f"of {verdict.labels[verdict.evolved]}'s {ensemble.members}"
        interval = _interval(ensemble.low, ensemble.high, words)
        name = f"{'mean' if has_errors else 'majority vote'} {who}"
        rows.append((name, "", words.number(ensemble.test_score), interval, *_error(ensemble.rmse), "-", "-"))
    rows += [
        (
            printable(rival.label),
            "",
            words.number(rival.test_score),
            _interval(rival.test_low, rival.test_high, words),
            *_error(rival.rmse),
            _above(rival.floor),
            "-" if rival.validation_score is None else words.number(rival.validation_score),
        )
        for rival in verdict.rivals
    ]
    if verdict.floor is not None:
        floor = verdict.floor
        error = () if floor.rmse is None else (quantity(floor.rmse),)
        rows.append((f'always "{printable(floor.answer)}"', "", words.number(floor.score), "-", *error, "-", "-"))
    notes = [f"{printable(one.label)} was left out: {one.reason}" for one in verdict.skipped]
    return [*table(header, rows), *_failures((*verdict.arms, *verdict.rivals), words), *notes]


def _failures(arms: Iterable[ArmVerdict | RivalVerdict], words: MetricWords) -> list[str]:
    counted = words.failure if words.name == "R²" else "wrong answers"
    return [
        f"{printable(arm.label)}: {arm.failures} of {arm.seeds} trainings diverged and count as {counted}"
        for arm in arms
        if arm.failures
    ]


def _comparisons(verdict: Verdict, labels: Mapping[str, str], words: MetricWords) -> list[str]:
    in_r2 = words.name == "R²"
    unit = ("R²", "95 % INTERVAL", "RMSE") if in_r2 else ("POINTS", "95 % INTERVAL")
    header = (f"{labels[verdict.evolved].upper()} AGAINST", *unit, "P (HOLM)", "CONCLUSION")
    scale, digits = (1, 3) if in_r2 else (100, 1)
    rows: Rows = [
        (
            labels[one.rival],
            f"{scale * one.difference:+.{digits}f}",
            f"{scale * one.low:+.{digits}f} to {scale * one.high:+.{digits}f}",
            *_difference(one),
            _chance(one.adjusted_p_value),
            one.conclusion,
        )
        for one in verdict.comparisons
    ]
    return table(header, rows) if rows else []


def _difference(comparison: Comparison) -> tuple[str, ...]:
    """Return the difference in errors, where there is one: more is worse."""
    if comparison.rmse is None:
        return ()
    value = comparison.rmse.value
    return (f"{'-' if value < 0 else '+'}{quantity(abs(value))}",)


def _finalists(verdict: Verdict, labels: Mapping[str, str], words: MetricWords) -> list[str]:
    rows: Rows = []
    for each in verdict.finalists:
        for one in each.finalists:
            scale, digits = (1, 3) if words.name == "R²" else (100, 1)
            error = "" if one.standard_error is None else f" ± {scale * one.standard_error:.{digits}f}"
            fresh = "diverged" if one.mean is None else f"{words.number(one.mean)}{error}"
            network = one.architecture
            rows.append(
                (
                    labels[each.finder],
                    network.describe(),
                    f"{network.parameter_count:,}",
                    words.number(one.search_score),
                    fresh,
                )
            )
    header = ("FINALISTS OF", "NETWORK", "PARAMETERS", "SEARCH SCORE", "ON FRESH SEEDS")
    return table(header, rows) if rows else []


def _answer(title: str, answer: Answer | None, words: MetricWords) -> list[str]:
    if answer is None or not answer.groups:
        return []
    rows: Rows = [
        (
            f"{group.least:,}" if group.most == group.least else f"{group.least:,} to {group.most:,}",
            f"{group.networks:,}",
            words.number(group.mean),
            # Student's interval knows nothing of the metric's limits.
            "-"
            if group.low is None or group.high is None
            else _interval(max(group.low, words.lowest), min(group.high, 1), words),
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


def _interval(low: float, high: float, words: MetricWords) -> str:
    return f"{words.number(low)} to {words.number(high)}"


def _error(rmse: Rmse | None) -> tuple[str, ...]:
    return () if rmse is None else (quantity(rmse.value),)


def _curse(arm: ArmVerdict, words: MetricWords) -> str:
    if arm.search_score is None or arm.validation_score is None:
        return "-"
    scores = (arm.search_score, arm.finalist_score, arm.validation_score)
    return " -> ".join(words.number(score) for score in scores if score is not None)


def _above(test: FloorTest | None) -> str:
    return "-" if test is None else _chance(test.adjusted_p_value) if test.difference > 0 else "not above"


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _spent(entry: LedgerEntry) -> tuple[str, ...]:
    return (f"{entry.evaluations:,}", f"{entry.epochs:,}", f"{entry.flops / 1e9:,.1f}", f"{entry.seconds:,.1f}")
