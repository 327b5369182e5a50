import tracemalloc

import numpy as np
import pytest

from core.epoch_rows import BLOCK_BYTES, EpochRows, block_batches, with_ones


@pytest.mark.parametrize(("count", "width", "batch"), [(10, 3, 4), (5, 2, 8), (3000, 99, 128), (700, 400, 300)])
def test_every_row_comes_once_in_the_stream_s_order(count: int, width: int, batch: int) -> None:
    inputs = np.arange(count * width, dtype=np.float32).reshape(count, width)
    rows = EpochRows(inputs, batch, np.float32)
    cuts = [rows.cut(start, min(start + batch, count)) for start in range(0, count, batch)]
    for seed in (1, 2):
        expected = np.arange(count)
        np.random.default_rng(seed).shuffle(expected)
        rows.shuffle(rng=np.random.default_rng(seed))
        met = []
        for view, gather in cuts:
            if gather is not None:
                gather()
            met.append(view.copy())

        np.testing.assert_array_equal(np.concatenate(met), with_ones(inputs, np.float32)[expected])


def test_a_block_has_whole_batches_and_at_least_one() -> None:
    assert block_batches(BLOCK_BYTES // 3) == 3
    assert block_batches(BLOCK_BYTES + 1) == 1
    # A batch of 128 rows of 400 bytes fits five times.
    rows = EpochRows(np.zeros((1280, 99)), 128, np.float32)
    gathers = [rows.cut(start, start + 128)[1] is not None for start in range(0, 1280, 128)]

    assert gathers == [True, *[False] * 4, True, *[False] * 4]


def test_one_copy_of_the_inputs_is_held() -> None:
    inputs = np.zeros((20_000, 63), np.float32)
    tracemalloc.start()
    try:
        rows = EpochRows(inputs, 128, np.float32)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert len(rows.order) == 20_000
    assert held < 20_000 * (64 * 4 + 16) + BLOCK_BYTES + 4096


def test_ones_stand_in_the_last_column() -> None:
    inputs = np.array([[1.0, 2.0], [3.0, 4.0]])

    np.testing.assert_array_equal(with_ones(inputs, np.float32), [[1, 2, 1], [3, 4, 1]])
    assert with_ones(inputs, np.float32).dtype == np.float32
