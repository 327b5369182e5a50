"""Every validation row with what the network answered, as CSV (RFC 4180)."""

import csv
import io
from typing import Final

from service.examination.findings import Answers

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def predictions_csv(answers: Answers, names: tuple[str, ...]) -> str:
    """Return one line for each row: its number, the true and the predicted answer, and how sure or how far off."""
    text = io.StringIO()
    writer = csv.writer(text)
    certainty = answers.certainty
    if certainty is None:
        writer.writerow(("row", "true", "predicted", "distance"))
        for row, (true, predicted, loss) in enumerate(
            zip(answers.true, answers.predicted, answers.losses, strict=True)
        ):
            writer.writerow((row, repr(float(true)), repr(float(predicted)), repr(float(loss))))
        return text.getvalue()
    labels = [_harmless(name) for name in names]
    writer.writerow(("row", "true", "predicted", "probability", "loss"))
    for row, (true, predicted) in enumerate(zip(answers.true.tolist(), answers.predicted.tolist(), strict=True)):
        writer.writerow((row, labels[true], labels[predicted], f"{certainty[row]:.6f}", f"{answers.losses[row]:.6f}"))
    return text.getvalue()


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(_FORMULA) else name
