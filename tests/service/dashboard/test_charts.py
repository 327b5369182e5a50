from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from service.dashboard.charts import HEIGHT, LEFT, WIDTH, draw_best_so_far
from service.store.progress import Improvement

SVG = "{http://www.w3.org/2000/svg}"


def test_nothing_is_drawn_before_the_first_score() -> None:
    assert draw_best_so_far((), 3) == ""


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20, unique=True), st.integers(0, 50))
def test_every_improvement_is_a_point_inside_the_frame(scores: list[float], more: int) -> None:
    improvements = [Improvement(2 * index, score) for index, score in enumerate(sorted(scores))]

    markup = draw_best_so_far(improvements, 2 * len(scores) + more)

    drawing = ElementTree.fromstring(  # noqa: S314 - our own markup
        markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )
    points = drawing.findall(f"{SVG}circle")
    assert len(points) == len(scores)
    assert all(LEFT <= float(point.get("cx", "-1")) <= WIDTH for point in points)
    assert all(0 <= float(point.get("cy", "-1")) <= HEIGHT for point in points)
    heights = [float(point.get("cy", "-1")) for point in points]
    assert heights == sorted(heights, reverse=True)


def test_r2_may_lie_below_nothing() -> None:
    markup = draw_best_so_far([Improvement(0, -0.5), Improvement(3, 0.25)], 5, "r2")

    assert "Best validation R² so far: 0.250" in markup
    assert "%" not in markup
    assert "candidate 0: \N{MINUS SIGN}0.500" in markup
