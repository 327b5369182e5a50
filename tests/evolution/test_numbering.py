import math

from hypothesis import given
from hypothesis import strategies as st

from evolution.numbering import digits, walk

ranges = st.lists(st.integers(1, 4), max_size=4).map(tuple)


@given(ranges)
def test_every_number_has_digits_of_its_own(sizes: tuple[int, ...]) -> None:
    numbers = [digits(index, sizes) for index in range(math.prod(sizes))]

    assert numbers == sorted(set(numbers))
    assert all(digit < size for number in numbers for digit, size in zip(number, sizes, strict=True))


@given(ranges, st.integers(0, 12), st.data())
def test_the_walk_meets_what_keeps_the_limit(sizes: tuple[int, ...], limit: int, data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, math.prod(sizes)))
    start = data.draw(st.integers(0, stop))
    numbers = [digits(index, sizes) for index in range(start, stop)]

    assert list(walk(sizes, start, stop, lambda number: sum(number) <= limit)) == [
        number for number in numbers if sum(number) <= limit
    ]


def test_what_exceeds_is_leapt_over() -> None:
    asked = 0

    def small(number: tuple[int, ...]) -> bool:
        nonlocal asked
        asked += 1
        return sum(number) <= 2

    assert len(list(walk((1000,) * 8, 0, 1000**8, small))) == 45
    assert asked < 1000
