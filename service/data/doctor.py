"""The data doctor: what is wrong with a data set, in plain words, before a second is spent on it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.column_types import TypedColumn, has_identifier_name
from service.data.description import Finding, Severity
from service.data.errors import shown
from service.data.limits import MAX_CATEGORIES
from service.data.partition import Partition
from service.data.table import Numbers, RawColumn
from service.data.target import Target

FEW_ROWS: Final = 100
RARE_ROWS: Final = 10
"""With fewer rows a class has one or two to be tested on."""

IMBALANCE: Final = 10
MANY_MISSING: Final = 0.5
NEARLY_CONSTANT: Final = 0.005
FEW_IDENTIFIERS: Final = 20
_ORDER: Final[dict[Severity, int]] = {"serious": 0, "warning": 1, "info": 2}


def without_infinite(columns: Sequence[RawColumn]) -> tuple[tuple[RawColumn, ...], list[Finding]]:
    """Return the columns with infinite numbers as missing cells, and say where there were any."""
    cleaned: list[RawColumn] = []
    findings = []
    for column in columns:
        infinite = int(np.isinf(column.values).sum()) if isinstance(column, Numbers) else 0
        if not infinite or not isinstance(column, Numbers):
            cleaned.append(column)
            continue
        cleaned.append(Numbers(column.name, np.where(np.isinf(column.values), np.nan, column.values), column.reads))
        sentence = f"{shown(column.name)} holds {infinite:,} infinite numbers, which count as missing."
        findings.append(Finding("infinite-values", "warning", (column.name,), sentence))
    return tuple(cleaned), findings


def examine_columns(typed: Sequence[TypedColumn]) -> list[Finding]:
    """Return what stands out in single columns: constant ones, identifiers, missing cells, too many values."""
    findings: list[Finding] = []
    constant = tuple(each.column.name for each in typed if each.type == "constant" and each.column.distinct)
    if constant:
        sentence = f"{_named(constant)} the same value in every row, which teaches nothing; not used as input."
        findings.append(Finding("constant-column", "info", constant, sentence))
    empty = tuple(each.column.name for each in typed if each.type == "constant" and not each.column.distinct)
    if empty:
        sentence = f"{_named(empty)} no values at all; not used as input."
        findings.append(Finding("empty-column", "warning", empty, sentence))
    identifiers = tuple(each.column.name for each in typed if each.type == "identifier")
    if identifiers:
        sentence = (
            f"{_named(identifiers)} another value in (almost) every row, as names of rows have; not used as input, "
            "because what is learned about one row would help with no other. If a column is a text, name it in "
            "text_columns; if several rows belong to one thing, name it as the group_column."
        )
        findings.append(Finding("identifier", "warning", identifiers, sentence))
    for each in typed:
        if each.is_input:
            findings += _missing_cells(each.column) + (_many_values(each) if each.type == "category" else [])
            findings += _nearly_constant(each.column) + _named_like_identifiers(each)
    return findings


def _named(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"The column {shown(names[0])} has"
    listed = ", ".join(shown(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} columns ({listed}{more}) each have"


def _missing_cells(column: RawColumn) -> list[Finding]:
    missing = int(column.is_missing.sum())
    if not missing:
        return []
    share = missing / len(column)
    filled = "the median" if isinstance(column, Numbers) else "the most frequent value"
    sentence = f"{shown(column.name)} is missing in {missing:,} rows ({share:.1%}); they were filled with {filled}."
    if share > MANY_MISSING:
        sentence += " More than half of it is made up; consider leaving it out."
    return [Finding("missing-values", "warning" if share > MANY_MISSING else "info", (column.name,), sentence)]


def _nearly_constant(column: RawColumn) -> list[Finding]:
    codes = column.codes[~column.is_missing]
    others = len(codes) - int(np.bincount(codes).max()) if len(codes) else 0
    # With missing cells there are two things to tell apart.
    if not others or others > NEARLY_CONSTANT * len(codes) or len(codes) < len(column):
        return []
    sentence = (
        f"{shown(column.name)} has the same value in all but {others:,} of {len(codes):,} rows: it can matter for "
        "these few only. Leave it out unless they do."
    )
    return [Finding("nearly-constant", "info", (column.name,), sentence)]


def _named_like_identifiers(each: TypedColumn) -> list[Finding]:
    column = each.column
    whole = not isinstance(column, Numbers) or bool((np.nan_to_num(column.values) % 1 == 0).all())
    if each.type == "text" or column.distinct <= FEW_IDENTIFIERS or not whole or not has_identifier_name(column.name):
        return []
    sentence = (
        f"{shown(column.name)} is called like an identifier, has {column.distinct:,} different values and is used as "
        f"input, as a {each.type}. If it names a person or thing that has several rows, name it as the group_column; "
        "if it is only a number, name it in ignored_columns."
    )
    return [Finding("suspicious-identifier", "warning", (column.name,), sentence)]


def _many_values(each: TypedColumn) -> list[Finding]:
    if each.column.distinct <= MAX_CATEGORIES:
        return []
    name = each.column.name
    sentence = (
        f"{shown(name)} has {each.column.distinct:,} different values. The {MAX_CATEGORIES} most frequent ones get an "
        "input each, all others look alike. Group them into fewer, or name the column in text_columns if it is a text."
    )
    return [Finding("many-categories", "warning", (name,), sentence)]


def examine_target(target: Target, partition: Partition) -> list[Finding]:
    """Return what stands out in the target: few rows, rare classes, imbalance, classes that a part lacks."""
    findings: list[Finding] = []
    rows = len(target.rows)
    if rows < FEW_ROWS:
        sentence = (
            f"There are only {rows} rows, {len(partition.test)} of them for the test: differences between networks "
            "will hardly show. More rows help more than anything else."
        )
        findings.append(Finding("few-rows", "warning", (), sentence))
    if target.task == "regression":
        return findings
    counts = target.class_counts
    named = target.class_names
    rare = [place for place, count in enumerate(counts) if count < RARE_ROWS]
    if rare:
        listed = ", ".join(f"{shown(named[place])} ({counts[place]})" for place in rare[:5])
        more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
        sentence = (
            f"{len(rare)} classes have fewer than {RARE_ROWS} rows: {listed}{more}. So few can neither be learned nor "
            "tested; add rows, merge classes, or leave them out."
        )
        findings.append(Finding("rare-class", "warning", (target.name,), sentence))
    if max(counts) > IMBALANCE * min(counts):
        most, least = int(np.argmax(counts)), int(np.argmin(counts))
        share = max(counts) / rows
        sentence = (
            f"The class {shown(named[most])} has {counts[most]:,} rows, {shown(named[least])} only {counts[least]:,}. "
            f"Who always answers {shown(named[most])} is right in {share:.0%} of the rows, so look at each class; "
            'class_weights: "balanced" makes rare ones count more.'
        )
        findings.append(Finding("imbalance", "warning", (target.name,), sentence))
    for part in ("train", "validation", "test"):
        present = np.unique(target.values[getattr(partition, part)])
        lacking = [named[place] for place in sorted(set(range(len(named))) - set(present.tolist()))]
        if lacking:
            listed = ", ".join(shown(name) for name in lacking[:5]) + (" ..." if len(lacking) > 5 else "")
            sentence = f"The {part} rows have none of {len(lacking)} classes: {listed}. " + (
                "They cannot be learned." if part == "train" else "Nothing is said about them."
            )
            severity: Severity = "serious" if part == "train" else "warning"
            findings.append(Finding("class-missing", severity, (target.name,), sentence))
    return findings


def examine_duplicates(target: Target, equal: NDArray[np.int64], partition: Partition) -> list[Finding]:
    """Return what there is to say about equal rows; `equal` numbers the rows of the target."""
    rows = len(equal)
    distinct = int(equal.max()) + 1
    if distinct == rows:
        return []
    findings = []
    doubles = rows - distinct
    if partition.kept_together:
        sentence = (
            f"{doubles:,} of {rows:,} rows repeat an earlier one. Equal rows were kept on one side of the split, so "
            "that no test row was seen in training. Remove them if they were written twice by mistake."
        )
        findings.append(Finding("duplicates", "info", (), sentence))
    else:
        seen = np.zeros(distinct, np.bool_)
        seen[equal[partition.train]] = True
        tested = int(seen[equal[partition.test]].sum())
        sentence = (
            f"{doubles:,} of {rows:,} rows repeat an earlier one, too many (or in the way of the groups) to be kept on "
            f"one side of the split: {tested:,} of {len(partition.test):,} test rows occur in training too. Scores are "
            "too good for rows that are really new. Remove duplicates, or add columns that tell them apart."
        )
        findings.append(Finding("duplicates-across-split", "serious" if tested else "warning", (), sentence))
    torn = _contradicting(equal, target)
    if torn:
        sentence = (
            f"{torn:,} rows are equal to another one in every column but the target, which differs. No network can be "
            "right about all of them; columns that would explain the difference are missing."
        )
        findings.append(Finding("contradictions", "warning", (target.name,), sentence))
    return findings


def _contradicting(equal: NDArray[np.int64], target: Target) -> int:
    values = target.values if target.task == "classification" else target.values[:, 0]
    order = np.lexsort((values, equal))
    groups, sorted_values = equal[order], values[order]
    differs = np.flatnonzero((groups[1:] == groups[:-1]) & (sorted_values[1:] != sorted_values[:-1]))
    return int(np.isin(equal, np.unique(groups[differs + 1])).sum()) if len(differs) else 0


def examine_inputs(values: int, train_rows: int) -> list[Finding]:
    """Return a finding where there are more numbers per row than rows to learn from."""
    if values <= train_rows:
        return []
    sentence = (
        f"Each row has {values:,} numbers and there are only {train_rows:,} training rows: almost any network can "
        "learn them by heart. Take fewer columns, or more rows."
    )
    return [Finding("more-inputs-than-rows", "warning", (), sentence)]


def by_severity(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, serious ones first."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))


def wordless(name: str) -> Finding:
    """Return the finding that a text column has no words to learn from."""
    sentence = f"No word of {shown(name)} occurs in two training rows, so it was left out of the network."
    return Finding("text-without-words", "warning", (name,), sentence)
