import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.event_tail import Tail, as_bytes
from service.store.entities import Event, now


def event(sequence: int) -> Event:
    return Event("job", sequence, "tick", {"text": "two\nlines \u2028", "n": sequence}, now())


def test_an_event_is_written_on_one_line() -> None:
    assert as_bytes(event(7)) == b'event: tick\ndata: {"text":"two\\nlines \\u2028","n":7}\nid: 7\n\n'


@given(st.integers(0, 5), st.lists(st.integers(0, 4), max_size=6), st.integers(1, 6), st.integers(0, 40))
def test_a_tail_tells_all_that_follows_or_says_that_it_cannot(
    first: int, batches: list[int], kept: int, asked: int
) -> None:
    tail = Tail(first, kept)
    for count in batches:
        tail.extend([event(tail.last + 1 + n) for n in range(count)])
    last = first + sum(batches)

    assert tail.last == last

    told = tail.after(asked)
    held = last - min(kept, sum(batches))
    if asked < held:
        assert told is None
    else:
        assert told == b"".join(as_bytes(event(n)) for n in range(asked + 1, last + 1))


def test_a_gap_is_refused() -> None:
    tail = Tail(3)
    with pytest.raises(ValueError, match="event 5 does not follow event 3"):
        tail.extend([event(5)])
