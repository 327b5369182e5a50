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
from service.dashboard import thumbnails
from service.store.lineage import AGAIN, Relative

MOST_DRAWN: Final = 36

COLUMN: Final = 156
ROW: Final = 158
BOX_WIDTH: Final = 128
BOX_HEIGHT: Final = 92
MARGIN: Final = 12
FEWEST_COLUMNS: Final = 2

_LONGEST_LINE: Final = 21
_FOUND: Final = {"anchor": "plain design", "random": "drawn at random"}


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


def draw_family_tree(tree: FamilyTree, words: MetricWords, address: str) -> str:
    """Draw the tree; `address` is the path of the job's candidates, to which a number is added."""
    if not tree.ancestors:
        return ""
    rows = _rows(tree.ancestors)
    columns = max(FEWEST_COLUMNS, *(len(row) for row in rows))
    above = 1 if tree.older_text else 0
    width, height = columns * COLUMN + 2 * MARGIN, (len(rows) + above - 1) * ROW + BOX_HEIGHT + 2 * MARGIN + 34
    places: dict[int, tuple[float, float]] = {}
    for place, row in enumerate(rows):
        y = MARGIN + 34 + (len(rows) + above - 1 - place) * ROW
        for index, one in enumerate(row):
            places[one.number] = (width / 2 + (index - (len(row) - 1) / 2) * COLUMN, y)
    parts = [_edges(one, places, (width / 2, MARGIN + 30.0) if above else None) for one in tree.ancestors]
    if above:
        parts.append(f'<text class="older" x="{width / 2:.0f}" y="{MARGIN + 20}">{escape(tree.older_text)}</text>')
    parts += [_label(one, places[one.number], words) for one in tree.ancestors]
    parts += [_box(one, places[one.number], words, address) for one in tree.ancestors]
    return (
        f'<svg class="tree" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="Family tree of candidate {tree.ancestors[0].number}">{"".join(parts)}</svg>'
    )


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


def _rows(ancestors: Sequence[Ancestor]) -> list[list[Ancestor]]:
    """Return the ancestors in rows, the network itself in the first: each parent above all of its children.

    Within a row they stand in the order of the means of their children's places, so that few lines cross.
    """
    known = {one.number: one for one in ancestors}
    depth = dict.fromkeys(known, 0)
    # A parent's number is lower than its child's, so that children come before their parents here.
    for number in sorted(known, reverse=True):
        for parent in known[number].parents:
            if parent in known:
                depth[parent] = max(depth[parent], depth[number] + 1)
    rows: list[list[Ancestor]] = [[] for _ in range(max(depth.values()) + 1)]
    for number, one in known.items():
        rows[depth[number]].append(one)
    place: dict[int, float] = {}
    for row in rows:
        row.sort(key=lambda one: (_mean_place(one.number, known, place), one.number))
        place.update({one.number: index - (len(row) - 1) / 2 for index, one in enumerate(row)})
    return rows


def _mean_place(number: int, known: Mapping[int, Ancestor], place: Mapping[int, float]) -> float:
    children = [place[one.number] for one in known.values() if number in one.parents and one.number in place]
    return sum(children) / len(children) if children else 0.0


def _edges(one: Ancestor, places: Mapping[int, tuple[float, float]], older: tuple[float, float] | None) -> str:
    x, y = places[one.number]
    parts = []
    missing = False
    for parent in one.parents:
        if parent in places:
            from_x, from_y = places[parent][0], places[parent][1] + BOX_HEIGHT
            middle = (from_y + y) / 2
            parts.append(
                f'<path class="descent" d="M{from_x:.1f},{from_y:.1f}C{from_x:.1f},{middle:.1f} {x:.1f},{middle:.1f} '
                f'{x:.1f},{y:.1f}"/>'
            )
        else:
            missing = True
    if missing and older is not None:
        parts.append(f'<path class="descent cut" d="M{older[0]:.1f},{older[1]:.1f}L{x:.1f},{y:.1f}"/>')
    return "".join(parts)


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


def _box(one: Ancestor, place: tuple[float, float], words: MetricWords, address: str) -> str:
    x, y = place
    left = x - BOX_WIDTH / 2
    score = "no score" if one.score is None else words.number(one.score)
    told = f"Candidate {one.number}, {one.architecture.describe()}, {score}"
    return (
        f'<a href="{escape(address)}/{one.number}" aria-label="{escape(told)}"><title>{escape(told)}</title>'
        f'<rect class="box" x="{left:.1f}" y="{y:.1f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>'
        f"{thumbnails.thumbnail_body(one.architecture, x - thumbnails.WIDTH / 2, y + 6)}"
        f'<text class="who" x="{x:.1f}" y="{y + 58:.1f}">{one.number:,} · {score}</text>'
        f'<text class="what" x="{x:.1f}" y="{y + 74:.1f}">{escape(_short(_inner(one.architecture)))}</text>'
        f'<text class="what" x="{x:.1f}" y="{y + 87:.1f}">{_trained(one)}</text></a>'
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
