"""That the figures are figures of the same work; how large they are is nobody's assertion."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases import CASES, STACK, Case
from benchmarks.contestants import PEERS, matrix_products, ours, ours_stacked, peers_at_hand
from benchmarks.measuring import ratios, summary, take_turns

TINY = Case(64, (4, 3), 32, rows=100, epochs=2)


@pytest.mark.slow
def test_everybody_at_hand_runs() -> None:
    peers, notes = peers_at_hand()
    stacked = ours_stacked(TINY)

    assert stacked is not None
    assert len(peers) + len(notes) == len(PEERS)

    runs = {"ours": ours(TINY), "stacked": stacked, "products": matrix_products(TINY)}
    runs |= {name: contestant(TINY) for name, contestant in peers.items()}
    seconds = take_turns(runs, 1)

    assert {name: len(values) for name, values in seconds.items()} == dict.fromkeys(runs, 1)


def test_steps_count_the_smaller_last_batch() -> None:
    assert TINY.steps == 8
    assert ours_stacked(replace(TINY, stacked=False)) is None


def test_data_is_the_same_for_everybody() -> None:
    for first, second in zip(TINY.data(), TINY.data(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_names_are_those_of_the_table() -> None:
    assert CASES[2].name == "64-[64,64]-10 b32"
    assert STACK == 8


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([4.0, 9.0, 2.0], [2.0, 3.0, 2.0]) == pytest.approx({"median": 2.0, "min": 1.0, "max": 3.0})
    assert summary([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}
