from evolution.ledger import LedgerEntry, ledger_of
from tests.evolution.builders import candidate, evaluation


def test_costs_add_up_failed_ones_included() -> None:
    entry = ledger_of([evaluation(candidate(0), 0.5, epochs=3), evaluation(candidate(1), None, epochs=1)])

    assert (entry.evaluations, entry.epochs, entry.flops) == (2, 4, 2)
    assert abs(entry.seconds - 0.2) < 1e-12
    assert entry + LedgerEntry() == entry
    assert ledger_of([]) == LedgerEntry()
