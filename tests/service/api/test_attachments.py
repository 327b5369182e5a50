import pytest

from service.api.attachments import not_modified, whole
from service.errors import ModelDamaged

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("header", "expected"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False), ("", False)],
)
def test_tags_are_compared_as_http_says(header: str, expected: bool) -> None:
    assert (not_modified("a", header) is not None) is expected


def test_nobody_who_names_no_tag_is_told_that_nothing_changed() -> None:
    assert not_modified("a", None) is None


def test_a_file_is_whole_or_damaged() -> None:
    assert whole(b"abc", SHA256_OF_ABC) == b"abc"
    for damaged in (b"abd", b"", None):
        with pytest.raises(ModelDamaged):
            whole(damaged, SHA256_OF_ABC)
