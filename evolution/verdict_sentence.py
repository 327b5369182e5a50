"""The verdict in one sentence that a student understands."""

from collections.abc import Sequence

Finding = tuple[str, str, float, float]
"""A rival's label, the conclusion, the difference in accuracy, and the adjusted p-value."""


def sentence(*, finder: str, network: str, accuracy: float, examples: str, findings: Sequence[Finding]) -> str:
    """Say how good the network that `finder` found is, and against whom; accuracies and differences lie in 0..1."""
    text = f"{finder}'s network {network} answers {100 * accuracy:.1f} % of the unseen {examples} correctly"
    parts = []
    for conclusion, opening, closing in (
        ("better", "better than ", ""),
        ("worse", "worse than ", ""),
        ("no difference shown", "against ", " no difference was shown"),
    ):
        group = [finding for finding in findings if finding[1] == conclusion]
        if not group:
            continue
        labels = _listed([label if closing else f"{label} {_evidence(change, p)}" for label, _, change, p in group])
        evidence = "; ".join(_evidence(change, p).strip("()") for _, _, change, p in group) if closing else ""
        parts.append(f"{opening}{labels}{closing}" + (f" ({evidence})" if evidence else ""))
    return f"{text}: {'; '.join(parts)}." if parts else f"{text}."


def _evidence(difference: float, p_value: float) -> str:
    # A minus sign as typographers want it, and no "-0.0".
    points = round(100 * difference, 1) + 0.0
    sign = "+" if points > 0 else "\N{MINUS SIGN}" if points < 0 else "\N{PLUS-MINUS SIGN}"
    chance = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"
    return f"({sign}{abs(points):.1f} points, {chance})"


def _listed(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
