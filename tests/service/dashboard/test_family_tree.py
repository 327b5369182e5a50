"""Family trees as values and as drawings, without a database."""

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from evolution.metric_words import words_of
from service.dashboard.family_tree import (
    FamilyTree,
    draw_family_tree,
    fold,
    nearest,
    operator_words,
    origin_words,
)
from service.store.lineage import Relative

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"


def relative(
    number: int, generation: int, parents: tuple[int, ...] = (), operator: str = "widen", **more: Any
) -> Relative:
    network = Architecture((8, 8), (Dense(number + 1, "relu"),), 10)
    plain = {"fitness": 0.5 + number / 100, "prediction": None, "status": "evaluated", "stop_after": None}
    return Relative(
        number=number,
        generation=generation,
        parents=parents,
        operator=operator,
        architecture=network,
        parameters=network.parameter_count,
        **{**plain, **more},
    )


def drawn(tree: FamilyTree) -> ElementTree.Element:
    markup = draw_family_tree(tree, words_of("accuracy"), "/below/jobs/abc/candidates")
    return ElementTree.fromstring(markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def texts(drawing: ElementTree.Element, kind: str) -> list[str]:
    return [text.text or "" for text in drawing.iter(f"{SVG}text") if (text.get("class") or "").startswith(kind)]


def test_a_child_brings_what_it_is_better_than_its_best_parent() -> None:
    family = [
        relative(5, 0, (2, 3), "crossover+fewer_channels", fitness=0.9),
        relative(2, 1, operator="anchor", fitness=0.7),
        relative(3, 1, operator="random", fitness=0.8),
    ]

    child, *parents = fold(family)

    assert (child.number, child.parents) == (5, (2, 3))
    assert child.change == pytest.approx(0.1)
    assert [one.change for one in parents] == [None, None]


def test_trainings_of_one_network_are_one_ancestor_with_their_mean() -> None:
    family = [
        relative(9, 0, (7,), "widen", fitness=0.9),
        relative(7, 1, (4,), "repeat", fitness=0.8),
        relative(4, 2, (2,), "repeat", fitness=0.7),
        relative(2, 3, operator="anchor", fitness=0.6),
    ]

    child, root = fold(family)

    assert child.parents == (2,)
    assert (root.number, root.trainings, root.generation) == (2, 3, 1)
    assert root.score == pytest.approx(0.7)
    assert child.change == pytest.approx(0.2)


def test_short_trainings_are_compared_with_short_ones_only() -> None:
    family = [
        relative(6, 0, (3,), "widen", fitness=0.9),
        relative(3, 1, (1,), "widen", fitness=0.5, stop_after=2),
        relative(1, 2, operator="anchor", fitness=0.4, stop_after=2),
    ]

    full, short, _ = fold(family)

    assert full.change is None
    assert short.short
    assert short.change == pytest.approx(0.1)


def test_a_failed_parent_is_no_rival() -> None:
    child, _ = fold([relative(6, 0, (3,)), relative(3, 1, operator="anchor", fitness=None, status="failed")])

    assert child.change is None
    assert texts(drawn(nearest((child,))), "brought") == []


def test_a_promotion_whose_parent_is_not_there_stands_for_itself() -> None:
    (alone,) = fold([relative(6, 0, (3,), "promote")])

    assert (alone.number, alone.parents) == (6, (3,))


def test_the_nearest_stay_when_a_tree_is_cut() -> None:
    family = [relative(number, 20 - number, (number - 1,) if number else ()) for number in range(20, -1, -1)]
    tree = nearest(fold(family), 5)

    assert [one.number for one in tree.ancestors] == [20, 19, 18, 17, 16]
    assert tree.older_text == "… 16 older ancestors"
    assert texts(drawn(tree), "older") == ["… 16 older ancestors"]


@pytest.mark.parametrize(
    ("older", "complete", "told"),
    [
        (0, True, ""),
        (1, True, "… 1 older ancestor"),
        (1234, True, "… 1,234 older ancestors"),
        (5, False, "… more than 5 older ancestors"),
        (0, False, "… more older ancestors"),
    ],
)
def test_what_was_left_out_is_said(older: int, complete: bool, told: str) -> None:
    assert FamilyTree((), older, complete).older_text == told


def test_each_network_is_a_link_to_its_candidate_with_its_name_in_words() -> None:
    drawing = drawn(nearest(fold([relative(5, 0, (2,), "insert", fitness=0.875), relative(2, 1, fitness=0.9)])))

    links = {link.get("href"): link.get("aria-label") for link in drawing.iter(f"{SVG}a")}
    assert links == {
        "/below/jobs/abc/candidates/5": "Candidate 5, 64-[6 relu]-10, 87.5 %",
        "/below/jobs/abc/candidates/2": "Candidate 2, 64-[3 relu]-10, 90.0 %",
    }
    assert texts(drawing, "operator") == ["insert", "widen"]
    assert texts(drawing, "brought") == ["\N{MINUS SIGN}2.5 points"]


def test_an_empty_tree_draws_nothing() -> None:
    assert draw_family_tree(FamilyTree((), 0, True), words_of("accuracy"), "") == ""


def test_operators_are_told_in_words() -> None:
    assert operator_words("crossover+fewer_channels") == "crossover + fewer channels"
    assert origin_words("anchor") == "a plain design"
    assert origin_words("widen+swap") == "made by widen + swap"


@st.composite
def families(draw: st.DrawFn) -> list[Relative]:
    """Candidates that are all ancestors of the last one, each with one or two earlier parents."""
    count = draw(st.integers(1, 30))
    parents = {
        number: tuple(sorted(draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=2)))) if number else ()
        for number in range(count)
    }
    generations = {count - 1: 0}
    wanted = [count - 1]
    for number in wanted:
        for parent in parents[number]:
            if parent not in generations:
                generations[parent] = generations[number] + 1
                wanted.append(parent)
    operators = {number: draw(st.sampled_from(["widen", "repeat", "crossover+swap"])) for number in generations}
    return [relative(number, generations[number], parents[number], operators[number]) for number in wanted]


@given(families(), st.integers(1, 40))
def test_no_two_boxes_overlap_and_all_lie_inside(family: list[Relative], most: int) -> None:
    tree = nearest(fold(family), most)
    drawing = drawn(tree)

    boxes = [
        tuple(float(box.get(name, "")) for name in ("x", "y", "width", "height"))
        for box in drawing.iter(f"{SVG}rect")
        if box.get("class") == "box"
    ]
    width, height = float(drawing.get("width", "")), float(drawing.get("height", ""))
    assert len(boxes) == len(tree.ancestors)
    for place, (x, y, wide, high) in enumerate(boxes):
        assert 0 <= x <= width - wide
        assert 0 <= y <= height - high
        for other_x, other_y, _, _ in boxes[place + 1 :]:
            assert abs(x - other_x) >= wide or abs(y - other_y) >= high


@given(families())
def test_every_parent_stands_above_its_child_and_a_line_leads_there(family: list[Relative]) -> None:
    tree = nearest(fold(family), 100)
    drawing = drawn(tree)

    tops = {
        int(str(link.get("href")).rsplit("/", 1)[1]): float(link[1].get("y", "")) for link in drawing.iter(f"{SVG}a")
    }
    pairs = [(one.number, parent) for one in tree.ancestors for parent in one.parents]
    assert all(tops[parent] < tops[child] for child, parent in pairs)
    assert len(list(drawing.iter(f"{SVG}path"))) == len(pairs)


def test_without_an_address_nothing_is_a_link() -> None:
    markup = draw_family_tree(nearest(fold([relative(0, 0)])), words_of("accuracy"), None)

    assert "<a " not in markup
    assert 'role="img" aria-label="Candidate 0, ' in markup
