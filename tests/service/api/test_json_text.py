import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.json_text import MAX_DEPTH, parse_json
from service.errors import CambrianError, MalformedJson, Unprocessable


def refused(body: bytes, kind: type[CambrianError]) -> CambrianError:
    with pytest.raises(CambrianError) as caught:
        parse_json(body)

    assert type(caught.value) is kind

    return caught.value


def outcome(body: bytes) -> CambrianError | None:
    try:
        parse_json(body)
    except CambrianError as error:
        return error
    return None


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_are_not_json_are_named_with_their_place(constant: str) -> None:
    error = refused(f'{{"budget": {{"evaluations": {constant}}}}}'.encode(), MalformedJson)

    assert error.errors[0].pointer == "/budget/evaluations"
    assert error.detail == f"/budget/evaluations: not valid JSON: {constant}; write a number"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,}', "not valid JSON"),
        (b"[1,]", "not valid JSON"),
        (b"{} {}", "Extra data"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a": "\xff"}', "not UTF-8 (byte 7)"),
        (b"\xed\xa0\x80", "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-16-le"), "not valid JSON"),
        (b"'a'", "not valid JSON"),
        (b"01", "not valid JSON"),
        (b"+1", "not valid JSON"),
        (b'"a\nb"', "not valid JSON"),
    ],
)
def test_what_is_not_json(body: bytes, detail: str) -> None:
    assert detail in refused(body, MalformedJson).detail


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        (b'{"a": {"b": 1e400}}', "/a/b", "out of range"),
        (b'{"a": [0, -1e400]}', "/a/1", "out of range"),
        (b'{"a": "\\ud800"}', "/a", "surrogate"),
        (b'{"a": "x\\udfffy"}', "/a", "surrogate"),
        (b'{"\\ud800": 1}', "", "surrogate"),
        (b'{"a": "b\\u0000c"}', "/a", "NUL"),
        (b'{"\\u0000": 1}', "", "NUL"),
        (b'{"a": {"x/y~z": "\\u0000"}}', "/a/x~1y~0z", "NUL"),
        (b'{"a": 1, "b": 2, "a": 3}', "", '"a" more than once'),
        (b'{"a": [{"b": 1, "b": 1}]}', "/a/0", '"b" more than once'),
        (b'{"seed": ' + b"9" * 5_000 + b"}", "/seed", "5,000 digits"),
        (b'{"seed": -' + b"9" * 50 + b"}", "/seed", "digits"),
    ],
)
def test_what_is_json_but_not_acceptable(body: bytes, pointer: str, detail: str) -> None:
    error = refused(body, Unprocessable)

    assert error.errors[0].pointer == pointer
    assert detail in error.errors[0].detail


def test_nesting_has_a_limit() -> None:
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)

    for depth in (MAX_DEPTH + 2, 5_000, 500_000):
        assert f"more than {MAX_DEPTH} levels" in refused(b"[" * depth + b"]" * depth, Unprocessable).detail
    assert f"more than {MAX_DEPTH} levels" in refused(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, Unprocessable).detail


def test_a_surrogate_pair_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "body",
    [
        b"9" * 1_000_000,
        b"-1e" + b"9" * 999_000,
        b"0." + b"9" * 999_000,
        b'"' + b"\\ud800" * 160_000 + b'"',
        b"[" + b'"\\u0000",' * 100_000 + b"1]",
        b"{" + b'"a":1,' * 160_000 + b'"a":1}',
        pytest.param(b"[" + b"[]," * 330_000 + b"[]]", marks=pytest.mark.slow),
        b"[" * 1_000_000,
    ],
)
def test_the_worst_of_a_megabyte_is_refused_soon(body: bytes) -> None:
    started = time.process_time()
    error = outcome(body)

    assert error is None or (len(error.detail) < 300 and len(error.errors) <= 20)
    assert time.process_time() - started < 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(values)
def test_reads_what_the_standard_library_reads_or_refuses(value: object) -> None:
    body = json.dumps(value).encode()
    try:
        read = parse_json(body)
    except Unprocessable:
        return

    assert read == json.loads(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    error = outcome(body)

    assert error is None or error.status in {400, 422}
