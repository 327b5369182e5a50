"""Write `prices.csv`: flats and what they cost; the target is a number, so the search's score is R2."""

import csv

import numpy as np

ROWS = 800

rng = np.random.default_rng(2)
area = rng.uniform(25, 140, ROWS).round(1)
floor = rng.integers(0, 8, ROWS)
lift = rng.random(ROWS) < 0.5
district = rng.choice(["centre", "harbour", "hills"], ROWS)

per_meter = 4000 + 900 * (district == "centre") - 500 * (district == "harbour") * (area > 80)
comfort = np.where(lift, 1.0, 1 - 0.03 * floor)
price = (area * per_meter * comfort + rng.normal(0, 12_000, ROWS)).round(-2)

with open("prices.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["area_m2", "floor", "lift", "district", "price_eur"])
    writer.writerows(zip(area, floor, np.where(lift, "yes", "no"), district, price, strict=True))
print("prices.csv")
