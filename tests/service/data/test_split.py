import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.data.split import grouped_split, quantile_bands, stratified_split


@given(st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_every_row_is_in_exactly_one_part(labels: list[int]) -> None:
    parts = stratified_split(np.array(labels, dtype=np.int64))

    rows = np.concatenate(list(parts.values()))

    assert sorted(rows.tolist()) == list(range(len(labels)))


def test_each_class_is_split_alike() -> None:
    targets = np.repeat(np.arange(3), [50, 100, 500])

    parts = stratified_split(targets)

    assert {part: np.bincount(targets[rows]).tolist() for part, rows in parts.items()} == {
        "train": [30, 60, 300],
        "validation": [10, 20, 100],
        "test": [10, 20, 100],
    }


def test_the_split_is_fixed_and_follows_the_seed() -> None:
    targets = np.zeros(20, dtype=np.int64)

    # Written down once: a changed split would make stored scores incomparable.
    assert stratified_split(targets)["test"].tolist() == [4, 7, 9, 15]
    assert stratified_split(targets)["test"].tolist() != stratified_split(targets, seed=1)["test"].tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=200))
def test_a_group_lies_on_one_side(rows: list[tuple[int, int]]) -> None:
    strata, groups = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))

    parts = grouped_split(strata, groups)

    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(rows)))
    seen = [set(groups[part].tolist()) for part in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen))


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_groups_of_one_row_are_split_like_rows(labels: list[int]) -> None:
    targets = np.array(labels, dtype=np.int64)

    grouped = grouped_split(targets, np.arange(len(labels))[::-1].copy())

    plain = stratified_split(targets)
    assert {part: rows.tolist() for part, rows in grouped.items()} == {part: r.tolist() for part, r in plain.items()}


def test_quantile_bands_have_like_targets_and_like_sizes() -> None:
    targets = np.array([5.0, -1.0, 3.0, 3.0, 100.0, 0.0])

    assert quantile_bands(targets, bands=3).tolist() == [2, 0, 1, 1, 2, 0]
    assert np.bincount(quantile_bands(np.arange(442.0))).tolist() == [45, 44, 44, 44, 44, 45, 44, 44, 44, 44]
    # Of equal targets the earlier row is the smaller.
    assert quantile_bands(np.zeros(10), bands=2).tolist() == [0] * 5 + [1] * 5
