import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.dashboard.fragments import Fragments, part


def test_of_many_who_ask_at_once_one_makes_the_part() -> None:
    fragments = Fragments()
    made: list[int] = []
    all_there = threading.Barrier(8)

    def make() -> str:
        made.append(1)
        return "text"

    def ask(_: int) -> str:
        all_there.wait()
        return fragments.get(("work", "job", 3), make)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == ["text"] * 8

    assert made == [1]


def test_another_state_is_made_anew_and_the_oldest_are_forgotten() -> None:
    fragments = Fragments(most=2)
    for number in (1, 2, 1, 3):
        assert fragments.get(("work", number), f"text {number}".format) == f"text {number}"

    assert fragments.get(("work", 1), lambda: "made again") == "text 1"
    assert fragments.get(("work", 2), lambda: "made again") == "made again"


def test_what_could_not_be_made_is_tried_again() -> None:
    fragments = Fragments()

    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        fragments.get(("work",), fail)

    assert fragments.get(("work",), lambda: "text") == "text"


def test_a_part_that_the_page_has_is_not_sent_again() -> None:
    first = part("<p>text</p>", None)
    etag = first.headers["etag"]

    assert first.body == b"<p>text</p>"
    assert part("<p>text</p>", etag).status_code == 304
    assert part("<p>other</p>", etag).status_code == 200
