from pathlib import Path

import numpy as np

from benchmarks.search.real_runs.task import load_task, read_breast_cancer


def test_the_table_is_split_into_three_parts_that_have_the_same_shares_of_both_classes(tmp_path: Path) -> None:
    dataset = read_breast_cancer(tmp_path)
    assert dataset.test is not None
    parts = (dataset.train, dataset.validation, dataset.test)

    assert [len(part) for part in parts] == [343, 113, 113]
    assert np.ptp([part.targets.mean() for part in parts]) < 0.01
    assert len(np.unique(np.concatenate([part.inputs for part in parts]), axis=0)) == 569


def test_a_task_is_standardized_and_its_final_recipe_is_twice_as_long(tmp_path: Path) -> None:
    task = load_task("breast-cancer", tmp_path)

    assert np.abs(task.dataset.train.inputs.mean(axis=0)).max() < 1e-4
    assert task.final_training.epochs == 2 * task.training.epochs
    assert task.space.outputs == 2
