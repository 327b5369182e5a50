from service.data.errors import InvalidRow, shown


def test_what_a_message_repeats_is_short_and_printable() -> None:
    assert shown("abc") == "'abc'"
    assert shown("a\x1b[31m\nb") == "'a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b'"
    assert len(shown("x" * 500)) == 82
    assert shown("\u202egnp.exe") == "'\N{REPLACEMENT CHARACTER}gnp.exe'"


def test_a_row_s_error_names_row_and_column() -> None:
    assert str(InvalidRow(3, "size", "is missing")) == "row 3, column 'size': is missing"
