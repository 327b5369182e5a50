"""Texts as inputs of a network: a bag of words, or TF-IDF.

scikit-learn's vectorizers choose the words and their weights; what they found is kept as plain JSON, and it is applied
here with the standard library and NumPy, number for number as scikit-learn does.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from service.data.cells import text_of
from service.data.description import TextFeatures
from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_WORDS
from service.data.table import Rows, Texts

# scikit-learn's default `token_pattern`: two or more letters or digits.
_WORD: Final = re.compile(r"(?u)\b\w\w+\b")
_LEAST_ROWS: Final = 2


@dataclass(frozen=True, slots=True)
class TextInput:
    """A column of texts: how often each of `words` occurs, times its weight for TF-IDF, which has Euclidean norm 1.

    `weights` are the words' inverse document frequencies, ln((1 + n) / (1 + df)) + 1, and empty for a bag of words. A
    missing cell is a text without words.
    """

    kind: ClassVar[str] = "text"
    name: str
    words: tuple[str, ...]
    weights: tuple[float, ...]

    @classmethod
    def fit(cls, column: Texts, train: Rows, features: TextFeatures) -> "TextInput | None":
        """Take the words that most occur in the training rows; None where no word occurs in two of them.

        Raises InvalidFile where scikit-learn is not installed.
        """
        try:
            from sklearn.feature_extraction.text import (  # noqa: PLC0415 (an optional extra, slow to load)
                CountVectorizer,
                TfidfVectorizer,
            )
        except ImportError as error:
            raise InvalidFile(
                "unacceptable",
                f"column {shown(column.name)} holds texts, which need scikit-learn on the server; install "
                "cambrian[data], or name the column in ignored_columns",
                field="text_columns",
            ) from error
        vectorizer = (TfidfVectorizer if features == "tfidf" else CountVectorizer)(
            max_features=MAX_WORDS, min_df=_LEAST_ROWS
        )
        try:
            vectorizer.fit(column.values[code] if code >= 0 else "" for code in column.codes[train].tolist())
        except ValueError:
            # The vocabulary is empty; there is nothing else that could be wrong with texts.
            return None
        words = tuple(str(word) for word in vectorizer.get_feature_names_out())
        weights = tuple(float(weight) for weight in vectorizer.idf_) if features == "tfidf" else ()
        return cls(column.name, words, weights)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's inputs."""
        return (len(self.words),)

    @property
    def use(self) -> str:
        """How it enters, in words."""
        how = "how often each occurs, rare words weighing more (TF-IDF)" if self.weights else "how often each occurs"
        return f"as its {len(self.words)} most frequent words: {how}"

    def column(self, cells: Sequence[Any]) -> Texts:
        """Read cells as texts. Raises ValueError for the first that is none."""
        texts = [text_of(cell) for cell in cells]
        values = tuple(text for text in texts if text is not None)
        codes = np.cumsum([text is not None for text in texts]) - 1
        return Texts(self.name, np.where([text is None for text in texts], -1, codes), values)

    def encode(self, column: Texts, out: NDArray[np.float32]) -> None:
        """Write the inputs of a column into `out` (rows, width)."""
        out[:] = 0
        for row, code in enumerate(column.codes.tolist()):
            if code >= 0:
                places, counts = self._counts(column.values[code])
                out[row, places] = counts

    def _counts(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        known = _places(self.words)
        counted = Counter(place for word in _WORD.findall(text.lower()) if (place := known.get(word)) is not None)
        places = np.array(list(counted), np.int64)
        counts = np.array(list(counted.values()), np.float64)
        if self.weights and len(places):
            counts *= np.array([self.weights[place] for place in places.tolist()])
            counts /= np.sqrt(counts @ counts)
        return places, counts


@lru_cache(maxsize=16)
def _places(words: tuple[str, ...]) -> dict[str, int]:
    return {word: place for place, word in enumerate(words)}
