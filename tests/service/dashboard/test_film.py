"""Which moments a film shows, and its strip."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from evolution.metric_words import words_of
from service.dashboard.film import MOST_FRAMES, draw_strip, frame_numbers, frames
from service.store.chart_rows import ChartRow
from service.store.progress import Improvement


def row(number: int, fitness: float | None) -> ChartRow:
    network = Architecture((64,), (Dense(number + 1, "relu"),), 10)
    return ChartRow(
        number=number,
        parents=(),
        operator="widen",
        architecture=network,
        parameters=network.parameter_count,
        stop_after=None,
        prediction=None,
        status="failed" if fitness is None else "evaluated",
        fitness=fitness,
        standard_error=None,
        error=None,
        epochs=1,
        seconds=0.1,
        worker="w",
        evaluated_at=None,
    )


@given(st.integers(1, 1_000_000), st.sets(st.integers(0, 999_999), max_size=300))
def test_frames_are_few_in_order_and_end_with_the_last(total: int, better: set[int]) -> None:
    improvements = [Improvement(number, float(number)) for number in sorted(better) if number < total]
    numbers = frame_numbers(total, improvements)

    assert len(numbers) <= MOST_FRAMES
    assert list(numbers) == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] == total - 1
    if len(improvements) <= MOST_FRAMES // 2:
        assert {one.number for one in improvements} <= set(numbers)


def test_a_short_search_is_shown_candidate_by_candidate() -> None:
    assert frame_numbers(5, [Improvement(2, 0.5)]) == (0, 1, 2, 3, 4)
    assert frame_numbers(0, []) == ()


def test_each_frame_knows_the_best_until_then() -> None:
    rows = {one.number: one for one in (row(0, None), row(1, 0.5), row(2, 0.4), row(3, 0.7))}
    shown = frames((0, 1, 2, 3), rows, [Improvement(1, 0.5), Improvement(3, 0.7)])

    assert [one.best.number if one.best else None for one in shown] == [None, 1, 1, 3]
    assert [one.better for one in shown] == [False, True, False, True]


def test_the_strip_has_a_dot_for_every_frame_and_says_its_range() -> None:
    rows = {one.number: one for one in (row(0, None), row(1, 0.5), row(2, 0.4), row(3, 0.75))}
    shown = frames((0, 1, 2, 3), rows, [Improvement(1, 0.5), Improvement(3, 0.75)])
    drawing = ElementTree.fromstring(draw_strip(shown, words_of("accuracy")))  # noqa: S314 - our own markup

    dots = drawing.findall("circle")
    assert [dot.get("class") for dot in dots] == ["lost", "better", "tried", "better"]
    assert [dot.get("data-frame") for dot in dots] == ["0", "1", "2", "3"]
    assert str(drawing.get("aria-label")).endswith("from 40.0 % to 75.0 %")
    assert draw_strip(shown[:1], words_of("accuracy")) == ""
