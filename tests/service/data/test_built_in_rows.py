import subprocess
import sys

import numpy as np
import pytest

from service.data import built_in_rows
from service.data.built_in import BUILT_IN
from service.data.built_in_rows import INPUT_NAMES, SHOWN_PICTURES, SHOWN_ROWS
from service.data.errors import DatasetUnavailable
from service.data.prepared import READERS


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_some_rows_of_each_data_set_are_rows_of_it(name: str) -> None:
    inputs, labels = built_in_rows.built_in_rows(name)
    known = BUILT_IN[name]

    assert inputs.shape[1:] == known.input_shape
    assert len(inputs) == len(labels) == (SHOWN_PICTURES if len(known.input_shape) > 1 else SHOWN_ROWS)
    if known.task == "classification":
        assert set(labels) == set(known.class_names)
    if len(known.input_shape) == 1:
        assert len(INPUT_NAMES[name]) == known.input_shape[0]


# Loads scikit-learn.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["breast-cancer", "diabetes", "digits-8x8", "iris", "wine"])
def test_the_rows_are_what_the_package_itself_reads(name: str) -> None:
    inputs, labels = built_in_rows.built_in_rows(name)
    whole, targets = READERS[name]()
    known = BUILT_IN[name]

    for row, label in zip(inputs.astype(np.float32), labels, strict=True):
        found = np.flatnonzero((whole == row).reshape(len(whole), -1).all(axis=1))
        named = [f"{targets[at]:g}" if known.task == "regression" else known.class_names[targets[at]] for at in found]
        assert label in named


def test_the_packages_are_not_loaded() -> None:
    program = (
        "import sys\n"
        "from service.data.built_in_rows import _READERS, built_in_rows\n"
        "[built_in_rows(name) for name in _READERS]\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'sklearn', 'mlxtend', 'scipy', 'pandas'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built_in_rows, "find_spec", lambda _: None)
    built_in_rows.built_in_rows.cache_clear()
    with pytest.raises(DatasetUnavailable) as caught:
        built_in_rows.built_in_rows("iris")
    built_in_rows.built_in_rows.cache_clear()

    assert "scikit-learn, which is not installed" in caught.value.reason
