import math
from dataclasses import replace

import pytest

from core.training import Epoch
from evolution.candidate import Evaluation
from service.store.entities import Phase
from service.store.row_digest import digest_rows
from tests.service.store.samples import candidate, evaluation

ROWS: dict[Phase, list[Evaluation]] = {
    "search": [evaluation(candidate(0)), evaluation(candidate(1), None)],
    "final": [evaluation(candidate(0), 0.5, test_predictions=b"\1\0", network=b"kept")],
}


def test_the_order_and_what_may_differ_do_not_matter() -> None:
    expected = digest_rows(ROWS)
    other: dict[Phase, list[Evaluation]] = {
        "final": [replace(ROWS["final"][0], network=None, seconds=9.0, worker="elsewhere")],
        "search": ROWS["search"][::-1],
    }

    assert expected.count == 3
    assert digest_rows(other) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"fitness": 0.25},
        {"epochs": 3},
        {"flops": 1},
        {"curve": (Epoch(math.nan, math.inf, 0.5),)},
        {"test_predictions": b"\2\0"},
        {"test_predictions": None},
        {"candidate": candidate(0, 9)},
        {"candidate": candidate(0, seed=1)},
        {"candidate": candidate(0, operator="another")},
    ],
)
def test_everything_else_does(changes: dict[str, object]) -> None:
    changed: dict[Phase, list[Evaluation]] = {
        "search": ROWS["search"],
        "final": [replace(ROWS["final"][0], **changes)],  # type: ignore[arg-type]
    }

    assert digest_rows(changed).sha256 != digest_rows(ROWS).sha256


def test_a_row_counts_in_its_phase() -> None:
    moved: dict[Phase, list[Evaluation]] = {"search": ROWS["search"], "finalists": ROWS["final"]}

    assert digest_rows(moved).sha256 != digest_rows(ROWS).sha256


def test_no_rows_have_the_digest_of_nothing() -> None:
    assert digest_rows({}).sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
