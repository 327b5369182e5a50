"""Small files as users have them."""

import random


def flowers(rows: int = 90, seed: int = 1) -> bytes:
    """A table with two measures, a kind of soil and a text target that can be learned; some cells are empty."""
    chance = random.Random(seed)
    lines = ["length,width,soil,flower"]
    for row in range(rows):
        flower = ("daisy", "rose", "tulip")[row % 3]
        length = f"{chance.gauss(2 * (row % 3), 0.4):.2f}" if row % 11 else ""
        width = f"{chance.gauss(5 - row % 3, 0.5):.2f}"
        soil = chance.choice(["clay", "sand"]) if row % 13 else ""
        lines.append(f"{length},{width},{soil},{flower}")
    return ("\n".join(lines) + "\n").encode()
