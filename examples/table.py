"""Write `beans.csv`: coffee beans, some of them not measured in full, and how the coffee tasted.

The taste follows from roast and moisture, not linearly; the origin shifts it a little, and the bag's number says
nothing.
"""

import csv

import numpy as np

ROWS = 600
MISSING = 0.05

rng = np.random.default_rng(1)
origin = rng.choice(["Colombia", "Ethiopia", "Sumatra"], ROWS)
altitude = rng.normal(1500, 250, ROWS).round()
roast = rng.uniform(6, 16, ROWS).round(1)
moisture = rng.normal(11, 1.2, ROWS).round(2)

balance = (roast - 11 - 0.8 * (origin == "Sumatra")) * (1 + 0.3 * (moisture - 11)) + rng.normal(0, 0.7, ROWS)
taste = np.where(balance > 1.6, "bitter", np.where(balance < -1.6, "sour", "sweet"))

with open("beans.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["bag", "origin", "altitude_m", "roast_minutes", "moisture_percent", "taste"])
    for row in range(ROWS):
        cells = [origin[row], altitude[row], roast[row], moisture[row]]
        known = ["" if rng.random() < MISSING else cell for cell in cells]
        writer.writerow([f"B{row:04d}", *known, taste[row]])
print("beans.csv")
