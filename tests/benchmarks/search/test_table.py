from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.search.data import spirals
from benchmarks.search.table import VALIDATION_ACCURACY, Table, load_or_build, table_path
from core.replicates import replicate_seeds
from core.training import train
from evolution.rng import Purpose, seed63
from tests.benchmarks.search.tiny import GRID, SEEDS, SUBJECT, tiny_table


def test_every_network_and_seed_has_the_curve_of_its_training() -> None:
    table = tiny_table()
    index = 7
    seed = replicate_seeds(seed63(1, Purpose.TRAINING, index), SEEDS)[1]
    result = train(GRID.architectures[index], SUBJECT.dataset, SUBJECT.training, seed=seed)

    assert table.curves.shape == (len(GRID), SEEDS, 3, 3)
    assert np.isfinite(table.curves).all()
    np.testing.assert_array_equal(
        table.curves[index, 1, :, VALIDATION_ACCURACY],
        np.array([epoch.validation_score for epoch in result.curve], np.float32),
    )
    assert table.reached[index, 1, -1] == pytest.approx(result.score)


def test_a_build_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    done = []

    def cut(count: int, total: int) -> None:
        done.append(count)
        if count == 5 and len(done) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_or_build(SUBJECT, tmp_path, grid=GRID, seeds=SEEDS, progress=cut, save_seconds=0)

    assert not table_path(tmp_path, SUBJECT, GRID, SEEDS).exists()

    table = load_or_build(SUBJECT, tmp_path, grid=GRID, seeds=SEEDS, progress=cut, save_seconds=0)

    # After the cut nothing is trained that had been, and the last call tells of the finished file.
    assert done == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13]
    np.testing.assert_array_equal(table.curves, tiny_table().curves)
    assert [path.name for path in tmp_path.iterdir()] == [table_path(tmp_path, SUBJECT, GRID, SEEDS).name]


def test_a_finished_table_is_read_and_not_built_again(tmp_path: Path) -> None:
    first = load_or_build(SUBJECT, tmp_path, grid=GRID, seeds=SEEDS)
    calls: list[int] = []
    again = load_or_build(SUBJECT, tmp_path, grid=GRID, seeds=SEEDS, progress=lambda done, _: calls.append(done))

    assert calls == []
    assert again.seconds == first.seconds
    np.testing.assert_array_equal(again.curves, first.curves)


def test_other_data_training_grid_or_seeds_are_another_table(tmp_path: Path) -> None:
    other_training = replace(SUBJECT, training=replace(SUBJECT.training, epochs=4))
    other_data = replace(SUBJECT, dataset=replace(SUBJECT.dataset, fingerprint="another"))
    paths = {
        table_path(tmp_path, SUBJECT, GRID, SEEDS),
        table_path(tmp_path, SUBJECT, GRID, SEEDS + 1),
        table_path(tmp_path, SUBJECT, replace(GRID, widths=(4, 9)), SEEDS),
        table_path(tmp_path, other_training, GRID, SEEDS),
        table_path(tmp_path, other_data, GRID, SEEDS),
    }

    assert len(paths) == 5


def test_a_file_with_another_tables_numbers_is_refused(tmp_path: Path) -> None:
    load_or_build(SUBJECT, tmp_path, grid=GRID, seeds=SEEDS)
    other = replace(GRID, widths=(4, 16))
    table_path(tmp_path, SUBJECT, GRID, SEEDS).rename(table_path(tmp_path, SUBJECT, other, SEEDS))

    with pytest.raises(ValueError, match="holds another table"):
        load_or_build(SUBJECT, tmp_path, grid=other, seeds=SEEDS)


def test_a_diverged_training_counts_as_nothing_from_then_on() -> None:
    curves = np.zeros((1, 2, 3, 3), np.float32)
    curves[0, :, :, VALIDATION_ACCURACY] = [[0.5, 0.75, np.nan], [0.5, 0.25, 0.75]]
    table = Table("one", replace(GRID, max_depth=0), "", SUBJECT.training, 10, curves, 0.0)

    np.testing.assert_array_equal(table.reached[0], [[0.5, 0.75, 0.0], [0.5, 0.5, 0.75]])
    assert table.true_values.tolist() == [0.375]


def test_spirals_are_the_same_on_every_call() -> None:
    assert spirals().dataset.fingerprint == spirals().dataset.fingerprint
    assert len(spirals().dataset.train) == len(spirals().dataset.validation) == 600
