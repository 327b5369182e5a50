"""How the sentences write numbers and lists."""

from collections.abc import Sequence

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def percent(share: float) -> str:
    """Write a share in 0..1 as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Write a difference of two shares in percentage points: "+1.2 points", with a typographer's minus sign."""
    # No "-0.0".
    value = round(100 * difference, 1) + 0.0
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else "\N{PLUS-MINUS SIGN}"
    return f"{sign}{abs(value):.1f} points"


def chance(p_value: float) -> str:
    """Write a p-value: "p < 0.001", "p = 0.034", "p = 0.41"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def listed(labels: Sequence[str], word: str = "and") -> str:
    """Join labels as a sentence does: "a, b and c"."""
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} {word} {labels[-1]}"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: "one hidden layer", "two hidden layers"."""
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {noun}" if number == 1 else f"{word} {noun}s"


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]
