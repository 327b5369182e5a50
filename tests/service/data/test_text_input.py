import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from service.data.description import TextFeatures
from service.data.errors import InvalidFile
from service.data.table import Texts
from service.data.text_input import TextInput

WORDS = ["apple", "Pear", "fig", "a", "über", "naïve", "don't", "x2", "42", "foo_bar", "日本", "I", "ﬁne", "İstanbul"]
texts = st.lists(st.sampled_from([*WORDS, "\n", "!", "-"]), max_size=12).map(" ".join)


def column(values: list[str]) -> Texts:
    return Texts("note", np.arange(len(values)), tuple(values))


def encoded(fitted: TextInput, of: Texts) -> np.ndarray:
    out = np.full((len(of), *fitted.shape), 9, np.float32)
    fitted.encode(of, out)
    return out


@pytest.mark.parametrize("features", ["tfidf", "bag_of_words"])
@settings(max_examples=40, deadline=None)
@given(train=st.lists(texts, min_size=4, max_size=12), later=st.lists(texts, max_size=6))
def test_it_gives_scikit_learn_s_numbers(features: TextFeatures, train: list[str], later: list[str]) -> None:
    train = [*train, "apple fig", "apple"]
    theirs = (TfidfVectorizer if features == "tfidf" else CountVectorizer)(max_features=1_000, min_df=2).fit(train)

    ours = TextInput.fit(column(train), np.arange(len(train)), features)

    assert ours is not None
    assert list(ours.words) == theirs.get_feature_names_out().tolist()
    expected = theirs.transform(train + later).toarray()
    np.testing.assert_allclose(encoded(ours, column(train + later)), expected, atol=1e-6)


def test_a_missing_text_has_no_words() -> None:
    fitted = TextInput.fit(column(["apple fig", "apple pear", "fig"]), np.arange(3), "tfidf")

    assert fitted is not None
    assert encoded(fitted, fitted.column([None, "nothing known", "apple"])).tolist() == [[0, 0], [0, 0], [1, 0]]


def test_no_common_words() -> None:
    assert TextInput.fit(column(["apple", "fig", "pear"]), np.arange(3), "tfidf") is None


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)

    with pytest.raises(InvalidFile, match=r"cambrian\[data\].*ignored_columns") as caught:
        TextInput.fit(column(["apple", "apple"]), np.arange(2), "tfidf")

    assert caught.value.field == "text_columns"
