"""Write `reviews.csv`: made-up sentences about coffee, and whether they praise it."""

import csv

import numpy as np

ROWS = 800
GOOD = ["lovely", "balanced", "fresh", "sweet", "clean", "bright", "memorable", "warm"]
BAD = ["bitter", "stale", "burnt", "watery", "dull", "harsh", "sour", "flat"]
THINGS = ["cup", "aroma", "roast", "finish", "crema", "aftertaste", "first sip", "whole bag"]

rng = np.random.default_rng(5)


def sentence(praise: bool) -> str:
    """Return a sentence; "not" turns a word's meaning around, which a list of good and bad words does not see."""
    turned = rng.random() < 0.25
    word = rng.choice(GOOD if praise != turned else BAD)
    return f"The {rng.choice(THINGS)} was {'not ' if turned else ''}{word}, and the {rng.choice(THINGS)} too."


with open("reviews.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["review", "opinion"])
    for praise in rng.random(ROWS) < 0.5:
        writer.writerow([sentence(bool(praise)), "praise" if praise else "complaint"])
print("reviews.csv")
