"""Numbers of several digits, each digit with its own range, and a walk over those that keep a limit.

The last digit runs fastest. A limit is a question that is answered "no" for every number all of whose digits are at
least as large as those of one for which it was answered "no": a network that is too large stays so when it grows.
"""

import math
from collections.abc import Callable, Iterator

Digits = tuple[int, ...]


def digits(index: int, ranges: Digits) -> Digits:
    """Return number `index`: one digit from 0 to range - 1 for each range."""
    found = []
    for size in reversed(ranges):
        index, digit = divmod(index, size)
        found.append(digit)
    return tuple(reversed(found))


def walk(ranges: Digits, start: int, stop: int, keeps: Callable[[Digits], bool]) -> Iterator[Digits]:
    """Yield the numbers from `start` to below `stop` that keep the limit, in order.

    Those that do not are leapt over, so the time is proportional to what is yielded and not to stop - start.
    """
    index = start
    while index < stop:
        number = digits(index, ranges)
        if keeps(number):
            yield number
            index += 1
        else:
            # Whatever follows the digit that is too large exceeds as well, and so do all larger values of that digit:
            # go on where the digit before it changes.
            step = math.prod(ranges[_first_excess(number, keeps) :])
            index = (index // step + 1) * step


def _first_excess(number: Digits, keeps: Callable[[Digits], bool]) -> int:
    """Return the first place at which the limit is exceeded even if all later digits are 0."""
    for place in range(len(number)):
        if not keeps(number[: place + 1] + (0,) * (len(number) - place - 1)):
            return place
    return 0
