"""What trainings have shown of each network: scores by network, cut down to what a surrogate is fitted to."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from evolution.candidate import Candidate, Evaluation, Key, bounded
from evolution.features import FeatureMap
from evolution.ladder import RungMap, pair_of
from evolution.surrogate import FloatArray, IndexArray, Observations

MOST_POINTS = 260
"""A surrogate is fitted to at most this many networks, so that a proposal takes milliseconds whatever was seen."""

CLIP = 2.0
"""Scores lie at most this many times as far below the median as the best lies above it; lower ones are lifted."""

LEAST_SHARE = 0.1
"""The floor lies at least this share of the whole range below the median: where most networks are perfect, the others
must still be seen to be worse."""

SHRINKAGE = 2.0
"""How many trainings of an average network weigh as much as what was seen of one, when the best are looked for."""


def best_and_latest(sums: FloatArray, counts: FloatArray) -> IndexArray:
    """Return the places of the networks that a surrogate is fitted to, rising: at most MOST_POINTS of them.

    `sums` and `counts` are of the scores of each network, in the order in which their first scores came. Half of the
    places go to the best, judged by means that are shrunk towards the average where trainings are few, the others to
    the latest.
    """
    places = np.arange(len(sums))
    if len(sums) <= MOST_POINTS:
        return places
    average = float((sums / counts).mean())
    shrunk = (sums + SHRINKAGE * average) / (counts + SHRINKAGE)
    best = np.argsort(-shrunk, kind="stable")[: MOST_POINTS // 2]
    rest = np.setdiff1d(places, best, assume_unique=True)
    return np.sort(np.concatenate([best, rest[-(MOST_POINTS - len(best)) :]]))


class Observed:
    """The scores of every network so far; networks keep the order in which their first score came."""

    def __init__(self, features: FeatureMap) -> None:
        self._features = features
        self._rows: list[npt.NDArray[np.float64]] = []
        self._sums: list[float] = []
        self._squares: list[float] = []
        self._counts: list[int] = []
        # Of trainings that stopped at the rung, which are worth what the map from there explains.
        self._rung_sums: list[float] = []
        self._rung_counts: list[int] = []
        self._pairs: list[tuple[float, float]] = []
        self.keys: list[Key] = []
        self.first: list[int] = []
        self.places: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        """Take evaluations; failed ones, which have no score, are passed over."""
        for evaluation in evaluations:
            if evaluation.fitness is None:
                continue
            place = self._place(evaluation.candidate)
            pair = pair_of(evaluation)
            if pair is not None:
                self._pairs.append(pair)
            for score in map(bounded, evaluation.scores or (evaluation.fitness,)):
                if evaluation.candidate.stop_after is not None:
                    self._rung_sums[place] += score
                    self._rung_counts[place] += 1
                    continue
                self._sums[place] += score
                self._squares[place] += score * score
                self._counts[place] += 1

    def _place(self, candidate: Candidate) -> int:
        key = candidate.key
        if key not in self.places:
            self.places[key] = len(self.keys)
            self.keys.append(key)
            self.first.append(candidate.number)
            self._rows.append(self._features.matrix([key])[0])
            for numbers in (self._sums, self._squares, self._rung_sums):
                numbers.append(0.0)
            for counts in (self._counts, self._rung_counts):
                counts.append(0)
        return self.places[key]

    def trainings(self, place: int) -> int:
        """Return how many full trainings of a network were seen."""
        return self._counts[place]

    def _weighted(self) -> tuple[FloatArray, FloatArray]:
        """Return the sum of each network's scores and how many trainings they count for, rungs mapped and weighed."""
        sums, counts = np.array(self._sums), np.array(self._counts, np.float64)
        if any(self._rung_counts):
            rung = RungMap.fit(self._pairs)
            short = np.array(self._rung_counts, np.float64)
            expected = rung(np.array(self._rung_sums) / np.maximum(short, 1))
            counts = counts + rung.reliability * short
            sums = sums + rung.reliability * short * expected
        return sums, counts

    def observations(self, *, clip: bool) -> tuple[Observations, IndexArray]:
        """Return what a surrogate is fitted to, and the place here of each of its rows.

        More than MOST_POINTS networks are cut down by `best_and_latest`. `clip` lifts scores far below the median: a
        surrogate that looks for the best one need not tell bad networks apart, and their spread would drown the
        differences between good ones. Raises InvalidSearch before the first score.
        """
        sums, counts = self._weighted()
        means = sums / counts
        chosen = best_and_latest(sums, counts)
        full = np.array(self._counts, np.float64)
        squares = np.maximum(np.array(self._squares) - np.square(self._sums) / np.maximum(full, 1), 0)[chosen]
        repeats = np.maximum(full[chosen] - 1, 0)
        means, counts = means[chosen], counts[chosen]
        if clip and len(means):
            middle, best, worst = float(np.median(means)), float(means.max()), float(means.min())
            floor = middle - max(CLIP * (best - middle), LEAST_SHARE * (best - worst))
            # What spreads far below the floor says nothing about the noise of good networks.
            squares, repeats = np.where(means >= floor, squares, 0.0), np.where(means >= floor, repeats, 0.0)
            means = np.maximum(means, floor)
        rows = [self._rows[place] for place in chosen]
        features: FloatArray = np.array(rows).reshape(len(rows), -1)
        return Observations(features, means, counts, float(squares.sum()), float(repeats.sum())), chosen
