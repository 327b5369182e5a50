"""The family tree of a network: which networks it was bred from, and what each step brought.

Pure functions. `fold` makes one ancestor of all trainings of a network, `nearest` cuts a large tree, and
`draw_family_tree` draws what is left: oldest on top, the network itself at the bottom, each with the operator that made
it and what that brought.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

from core.architecture import Architecture
from evolution.metric_words import MetricWords
from service.dashboard.drawings import thumbnail_bars
from service.store.lineage import Relative
from service.store.track_record import AGAIN

MOST_DRAWN: Final = 24

COLUMN: Final = 156
ROW: Final = 164
BOX_WIDTH: Final = 128
BOX_HEIGHT: Final = 98
MARGIN: Final = 12
FEWEST_COLUMNS: Final = 2
PASSAGE: Final = 30
"""The width of a line that passes through a row."""

LABEL: Final = 36
LINE: Final = 21
"""The heights of two lines above a box, and of one."""

_LONGEST_LINE: Final = 21
_FOUND: Final = {"anchor": "plain design", "random": "random network"}


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A network of a family tree with all its trainings there; `number` is the first of its candidates.

    `score` is the mean over full trainings, or over `short` ones on the ladder where it has no others, and None without
    any. `change` is how far it lies above the best of its parents that were trained as long.
    """

    number: int
    generation: int
    parents: tuple[int, ...]
    operator: str
    architecture: Architecture
    trainings: int
    score: float | None
    short: bool
    change: float | None


@dataclass(frozen=True, slots=True)
class FamilyTree:
    """Ancestors of a network, itself first; `older` were left out, and maybe more where `complete` is false."""

    ancestors: tuple[Ancestor, ...]
    older: int
    complete: bool

    @property
    def older_text(self) -> str:
        """What stands in the place of those that were left out; empty where nobody was."""
        if not self.older and self.complete:
            return ""
        count = f"{self.older:,}" if self.complete else f"more than {self.older:,}" if self.older else "more"
        return f"… {count} older {'ancestor' if self.complete and self.older == 1 else 'ancestors'}"


def fold(relatives: Sequence[Relative]) -> tuple[Ancestor, ...]:
    """Return the networks among a candidate and its ancestors; repeats and promotions join the first training."""
    known = {one.number: one for one in relatives}
    roots: dict[int, int] = {}
    for number in sorted(known):
        one = known[number]
        again = one.operator in AGAIN and len(one.parents) > 0
        roots[number] = roots.get(one.parents[0], number) if again else number
    members: dict[int, list[Relative]] = {}
    for one in relatives:
        members.setdefault(roots[one.number], []).append(one)
    found = {root: _ancestor(known[root], group, roots) for root, group in members.items()}
    return tuple(replace(one, change=_change(one, found)) for one in found.values())


def nearest(ancestors: Sequence[Ancestor], most: int = MOST_DRAWN, *, complete: bool = True) -> FamilyTree:
    """Keep the `most` ancestors of the fewest generations back."""
    ordered = sorted(ancestors, key=lambda one: (one.generation, -one.number))
    return FamilyTree(tuple(ordered[:most]), max(0, len(ordered) - most), complete)


def operator_words(operator: str) -> str:
    """Write an operator as a person reads it: "crossover + fewer channels"."""
    return " + ".join(_FOUND.get(part, part.replace("_", " ")) for part in operator.split("+"))


def origin_words(operator: str) -> str:
    """Say how a network came to be: "a plain design", "made by widen"."""
    return f"a {_FOUND[operator]}" if operator in _FOUND else f"made by {operator_words(operator)}"


def draw_family_tree(tree: FamilyTree, words: MetricWords, address: str | None) -> str:
    """Draw the tree; `address` is the path of the job's candidates, to which a number is added; None links nothing."""
    if not tree.ancestors:
        return ""
    rows = _rows(tree.ancestors)
    above = 1 if tree.older_text else 0
    width = max(FEWEST_COLUMNS * COLUMN, *(_width(row) for row in rows)) + 2 * MARGIN
    height = (len(rows) + above - 1) * ROW + BOX_HEIGHT + 2 * MARGIN + LABEL
    places: dict[_Spot, tuple[float, float]] = {}
    for depth, row in enumerate(rows):
        y = MARGIN + LABEL + (len(rows) + above - 1 - depth) * ROW
        x = (width - _width(row)) / 2
        for spot in row:
            places[spot] = (x + _wide(spot) / 2, y)
            x += _wide(spot)
    older = (width / 2, MARGIN + 26.0) if above else None
    drawn = [(one, places[_Spot(one.number)]) for one in tree.ancestors]
    parts = [_edges(one, len(rows), places, older) for one in tree.ancestors]
    if older is not None:
        parts.append(f'<text class="older" x="{width / 2:.0f}" y="{MARGIN + 18}">{escape(tree.older_text)}</text>')
    parts += [_label(one, place, words) for one, place in drawn]
    parts += [_box(one, place, words, address) for one, place in drawn]
    return (
        f'<svg class="tree" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="Family tree of candidate {tree.ancestors[0].number}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place: of a network, or of the line to it from its `parent` where that passes through a `row`."""

    number: int
    parent: int | None = None
    row: int | None = None


def _ancestor(first: Relative, group: Sequence[Relative], roots: Mapping[int, int]) -> Ancestor:
    full = [one.fitness for one in group if one.fitness is not None and one.stop_after is None]
    scores = full or [one.fitness for one in group if one.fitness is not None]
    parents = dict.fromkeys(roots.get(parent, parent) for parent in first.parents)
    return Ancestor(
        number=first.number,
        generation=min(one.generation for one in group),
        parents=tuple(parents),
        operator=first.operator,
        architecture=first.architecture,
        trainings=len(group),
        score=math.fsum(scores) / len(scores) if scores else None,
        short=not full and bool(scores),
        change=None,
    )


def _change(one: Ancestor, found: Mapping[int, Ancestor]) -> float | None:
    parents = [found[parent] for parent in one.parents if parent in found]
    scores = [parent.score for parent in parents if parent.score is not None and parent.short == one.short]
    return None if one.score is None or not scores else one.score - max(scores)


def _wide(spot: _Spot) -> int:
    return COLUMN if spot.parent is None else PASSAGE


def _width(row: Sequence[_Spot]) -> int:
    return sum(_wide(spot) for spot in row)


def _rows(ancestors: Sequence[Ancestor]) -> list[list[_Spot]]:
    """Return the rows of the drawing, the network itself in the first: each parent above all of its children.

    Lines that cross rows have spots there too, so that no box hides them. Within a row all stand in the order of the
    means of what is below them, so that few lines cross (the barycenter method: K. Sugiyama, S. Tagawa and M. Toda,
    "Methods for Visual Understanding of Hierarchical System Structures", 1981).
    """
    known = {one.number: one for one in ancestors}
    depth = dict.fromkeys(known, 0)
    # A parent's number is lower than its child's, so that children come before their parents here.
    for number in sorted(known, reverse=True):
        for parent in known[number].parents:
            if parent in known:
                depth[parent] = max(depth[parent], depth[number] + 1)
    rows: list[list[_Spot]] = [[] for _ in range(max(depth.values()) + 1)]
    below: dict[_Spot, list[_Spot]] = {}
    for number, one in known.items():
        rows[depth[number]].append(_Spot(number))
        for parent in one.parents:
            if parent in known:
                before = _Spot(number)
                for place in range(depth[number] + 1, depth[parent]):
                    passage = _Spot(number, parent, place)
                    rows[place].append(passage)
                    below[passage], before = [before], passage
                below.setdefault(_Spot(parent), []).append(before)
    x: dict[_Spot, float] = {}
    for row in rows:
        means = {spot: _mean([x[one] for one in below.get(spot, ()) if one in x]) for spot in row}
        row.sort(key=lambda spot: (means[spot], spot.number))
        left = -_width(row) / 2
        for spot in row:
            x[spot] = left + _wide(spot) / 2
            left += _wide(spot)
    return rows


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _edges(
    one: Ancestor,
    rows: int,
    places: Mapping[_Spot, tuple[float, float]],
    older: tuple[float, float] | None,
) -> str:
    x, y = places[_Spot(one.number)]
    # Lines end above the words, which would be crossed out by them.
    y -= LINE if one.change is None else LABEL
    parts = []
    for parent in one.parents:
        if _Spot(parent) not in places:
            continue
        start_x, start_y = places[_Spot(parent)]
        path = [f"M{start_x:.1f},{start_y + BOX_HEIGHT:.1f}"]
        at_x, at_y = start_x, start_y + BOX_HEIGHT
        passages = [_Spot(one.number, parent, row) for row in range(rows - 1, -1, -1)]
        for to_x, to_y in (places[passage] for passage in passages if passage in places):
            path += [_bend(at_x, at_y, to_x, to_y - LABEL), f"V{to_y + BOX_HEIGHT:.1f}"]
            at_x, at_y = to_x, to_y + BOX_HEIGHT
        path.append(_bend(at_x, at_y, x, y))
        parts.append(f'<path class="descent" d="{"".join(path)}"/>')
    if older is not None and any(_Spot(parent) not in places for parent in one.parents):
        parts.append(f'<path class="descent cut" d="M{older[0]:.1f},{older[1]:.1f}L{x:.1f},{y:.1f}"/>')
    return "".join(parts)


def _bend(from_x: float, from_y: float, to_x: float, to_y: float) -> str:
    middle = (from_y + to_y) / 2
    return f"C{from_x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"


def _label(one: Ancestor, place: tuple[float, float], words: MetricWords) -> str:
    x, y = place
    brought = "" if one.change is None else words.difference(one.change)
    sign = "" if one.change is None else " gain" if one.change > 0 else " loss" if one.change < 0 else ""
    lines = [(escape(_short(operator_words(one.operator))), "operator")]
    if brought:
        lines.append((escape(brought), f"brought{sign}"))
    return "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{y - 8 - 15 * (len(lines) - 1 - index):.1f}">{text}</text>'
        for index, (text, kind) in enumerate(lines)
    )


def _box(one: Ancestor, place: tuple[float, float], words: MetricWords, address: str | None) -> str:
    x, y = place
    left = x - BOX_WIDTH / 2
    wide, bars = thumbnail_bars(one.architecture)
    score = "no score" if one.score is None else words.number(one.score)
    told = f"Candidate {one.number}, {one.architecture.describe()}, {score}"
    begin = '<g role="img"' if address is None else f'<a href="{escape(address)}/{one.number}"'
    return (
        f'{begin} aria-label="{escape(told)}"><title>{escape(told)}</title>'
        f'<rect class="box" x="{left:.1f}" y="{y:.1f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>'
        f'<g transform="translate({x - wide / 2:.1f},{y + 8:.1f})">{bars}</g>'
        f'<text class="who" x="{x:.1f}" y="{y + 58:.1f}">{one.number:,} · {score}</text>'
        f'<text class="what" x="{x:.1f}" y="{y + 74:.1f}">{escape(_short(_inner(one.architecture)))}</text>'
        f'<text class="what" x="{x:.1f}" y="{y + 87:.1f}">{_trained(one)}</text>{"</g>" if address is None else "</a>"}'
    )


def _trained(one: Ancestor) -> str:
    if one.short:
        return "short training"
    # Only candidates of the tree are counted: others may have trained the network again without being ancestors.
    return f"mean of {one.trainings} trainings" if one.trainings > 1 else ""


def _inner(architecture: Architecture) -> str:
    """Return the widths of the hidden layers, which are what changes from parent to child."""
    return ", ".join(f"{width}" for width in architecture.widths) or "no hidden layer"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…"
