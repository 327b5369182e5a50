from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.dataset import Split
from service.data.target_fault import target_fault
from tests.core.builders import task_data
from tests.evolution.builders import blobs, one_target


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_targets_that_are_all_alike_are_named(part: str) -> None:
    data = one_target()
    inputs = getattr(data, part).inputs
    alike = 1e9 + 1e-2 * np.arange(len(inputs))[:, np.newaxis]
    changed: dict[str, Any] = {part: Split(inputs, alike)}
    fault = target_fault(replace(data, **changed))

    assert target_fault(data) is None
    assert fault is not None
    assert "are all alike" in fault
    assert "subtract a constant" in fault


def test_a_job_predicts_one_number() -> None:
    assert "2 targets" in (target_fault(task_data("regression")) or "")
    assert target_fault(blobs(test=True)) is None
