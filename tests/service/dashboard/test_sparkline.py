from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from service.dashboard.sparkline import HEIGHT, WIDTH, draw_sparkline
from service.store.progress import Improvement

SVG = "{http://www.w3.org/2000/svg}"


def test_nothing_is_drawn_before_the_first_score() -> None:
    assert draw_sparkline((), 3) == ""


@given(st.lists(st.floats(-1e9, 1), min_size=1, max_size=20, unique=True), st.integers(0, 50))
def test_the_line_rises_inside_its_frame(scores: list[float], more: int) -> None:
    improvements = [Improvement(2 * index, score) for index, score in enumerate(sorted(scores))]

    markup = draw_sparkline(improvements, 2 * len(scores) + more)

    drawing = ElementTree.fromstring(  # noqa: S314 - our own markup
        markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )
    path = drawing.find(f"{SVG}path")
    assert path is not None
    start, *steps = (path.get("d") or "").removeprefix("M").split("H")
    heights = [float(start.split(",")[1]), *(float(step.split("V")[1]) for step in steps[:-1])]
    places = [float(start.split(",")[0]), *(float(step.split("V")[0]) for step in steps)]
    assert heights == sorted(heights, reverse=True)
    assert places == sorted(places)
    assert all(0 <= height <= HEIGHT for height in heights)
    assert all(0 <= place <= WIDTH for place in places)
