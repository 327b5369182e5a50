import numpy as np
import pytest

from core.schedule import SCHEDULES, ScheduleName, schedule


def test_one_cycle_rises_and_falls() -> None:
    fractions = schedule("one_cycle", 0, 100, 100)

    assert fractions[0] == pytest.approx(1 / 30)
    assert fractions.argmax() == 29
    assert fractions[29] == pytest.approx(1)
    assert fractions[-1] == pytest.approx(1 / 70)
    assert (np.diff(fractions[:30]) > 0).all()
    assert (np.diff(fractions[30:]) < 0).all()


def test_constant() -> None:
    assert schedule("constant", 5, 3, 100).tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 50])
def test_parts_equal_the_whole(name: ScheduleName, total: int) -> None:
    whole = schedule(name, 0, total, total)
    parts = np.concatenate([schedule(name, step, 1, total) for step in range(total)])

    np.testing.assert_array_equal(parts, whole)
    assert (whole > 0).all()
    assert whole.max() <= 1
    assert len(whole) == total
