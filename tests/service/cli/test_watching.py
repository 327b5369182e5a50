from typing import Any

import pytest

from service.cli.watching import Watch
from tests.service.store.samples import architecture


class Told(Watch):
    """Follows a job of this budget."""

    def __init__(self, budget: dict[str, Any]) -> None:
        super().__init__({"spec": {"budget": budget}}, 0.0)

    def train(self, number: int, epochs: int) -> str:
        """Tell of a candidate that was proposed and evaluated, and return the progress after it."""
        self.see("proposed", {"phase": "search", "number": number, "architecture": architecture(4).to_json()})
        progress = {"evaluated": number + 1, "failed": 0, "best_number": 0, "best_fitness": 0.5}
        data = {"phase": "search", "number": number, "fitness": 0.5, "epochs": epochs, "progress": progress}
        self.see("evaluated", data)
        return self._progress("search", progress)


def test_evaluations_are_counted_against_a_budget_that_may_grow() -> None:
    watch = Told({"evaluations": 8, "epochs": None})

    assert watch.train(0, 5).startswith("search: 1/8 · best 50.0% 256-[4 relu]-10")
    watch.see("budget", {"evaluations": 20, "epochs": None, "max_seconds": None})

    assert watch.train(1, 5).startswith("search: 2/20 ·")


def test_epochs_are_counted_where_the_budget_is_in_epochs() -> None:
    watch = Told({"epochs": 100})

    assert watch.train(0, 5).startswith("search: 1 (5/100 epochs) ·")
    assert watch.train(1, 0).startswith("search: 2 (6/100 epochs) ·")


def test_a_pause_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Told({"epochs": 100})
    watch.see("status", {"status": "queued"})
    watch.see("status", {"status": "paused"})

    assert "paused; `cambrian resume`" in capsys.readouterr().err
