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


def test_cosine_falls_in_half_a_wave() -> None:
    fractions = schedule("cosine", 0, 4, 4)

    assert fractions == pytest.approx([1, (1 + 2**-0.5) / 2, 0.5, (1 - 2**-0.5) / 2])


def test_step_falls_at_half_and_at_three_quarters() -> None:
    assert schedule("step", 0, 8, 8) == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 50])
def test_parts_equal_the_whole(name: ScheduleName, total: int) -> None:
    whole = schedule(name, 0, total, total)
    parts = np.concatenate([schedule(name, step, 1, total) for step in range(total)])

    np.testing.assert_array_equal(parts, whole)
    assert (whole > 0).all()
    assert whole.max() <= 1
    assert len(whole) == total
