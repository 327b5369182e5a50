from typing import Any

import pytest

from service.report.parallel import drawable

pytestmark = pytest.mark.slow

ROWS = 10


def _parallel() -> dict[str, Any]:
    dimensions = [
        {"label": "Layers", "values": [row % 3 for row in range(ROWS)]},
        {
            "label": "Parameters",
            "values": [2 + row / 10 for row in range(ROWS)],
            "tickvals": [2, 3],
            "ticktext": ["100", "1,000"],
        },
        {
            "label": "Activation",
            "values": [row % 2 for row in range(ROWS)],
            "tickvals": [0, 1],
            "ticktext": ["relu", "tanh"],
        },
        {"label": "Validation accuracy (%)", "values": [row / 10 for row in range(ROWS)], "range": [0.2, 0.9]},
    ]
    line = {"color": [row / 10 for row in range(ROWS)]}
    return {
        "data": [{"type": "parcoords", "dimensions": dimensions, "line": line}],
        "layout": {"meta": {"note": "all"}},
    }


def test_every_candidate_is_a_line_through_all_axes() -> None:
    figure = drawable(_parallel())
    lines = [line for trace in figure["data"] for line in _lines(trace)]

    assert {trace["type"] for trace in figure["data"]} == {"scatter"}
    assert len(lines) == ROWS
    assert all([x for x, _ in line] == [0, 1, 2, 3] for line in lines)
    assert figure["layout"]["meta"] == {"note": "all"}
    assert figure["layout"]["xaxis"]["ticktext"] == ["Layers", "Parameters", "Activation", "Validation<br>accuracy (%)"]


def test_heights_follow_the_values_within_the_range() -> None:
    figure = drawable(_parallel())
    worst, best = _lines(figure["data"][0])[0], _lines(figure["data"][-1])[-1]

    assert (worst[3][1], best[3][1]) == (0.0, 1.0)
    assert [y for _, y in best] == [0.0, 1.0, 1.0, 1.0]
    # Of 0.1, which lies below the range, the line begins at the edge.
    assert _lines(figure["data"][0])[1][3][1] == 0.0


def test_the_ends_of_the_axes_are_named() -> None:
    marks = [(mark["x"], mark["y"], mark["text"]) for mark in drawable(_parallel())["layout"]["annotations"]]

    assert marks[:2] == [(0, 0, "0"), (0, 1, "2")]
    assert marks[2:4] == [(1, 0, "100"), (1, 1, "794.3")]
    assert marks[6:] == [(3, 0, "20"), (3, 1, "90")]
    assert marks[4:6] == [(2, 0, "relu"), (2, 1, "tanh")]


def test_other_figures_stay_as_they_are() -> None:
    figure: dict[str, Any] = {"data": [{"type": "scatter"}], "layout": {}}

    assert drawable(figure) is figure
    assert drawable({"data": [], "layout": {}}) == {"data": [], "layout": {}}


@pytest.mark.parametrize("count", [1, 3])
def test_few_candidates_are_drawn_too(count: int) -> None:
    figure = _parallel()
    trace = figure["data"][0]
    trace["line"]["color"] = trace["line"]["color"][:count]
    for dimension in trace["dimensions"]:
        dimension["values"] = dimension["values"][:count]

    assert sum(len(_lines(one)) for one in drawable(figure)["data"]) == count


def _lines(trace: dict[str, Any]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[]]
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if x is None:
            found.append([])
        else:
            found[-1].append((x, y))
    return found[:-1]
