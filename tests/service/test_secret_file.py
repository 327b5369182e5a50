import logging
from pathlib import Path

import pytest

from service.secret_file import SecretUnreadable, read_secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    return path


@pytest.mark.parametrize("text", ["the secret", "the secret\n", "  the secret \r\nand a note\n"])
def test_the_first_line_counts(file: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(text)

    assert read_secret(file) == "the secret"
    assert caplog.records == []


def test_a_file_that_everybody_can_read_gives_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text("canary")
    file.chmod(0o644)

    assert read_secret(file) == "canary"

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"chmod 600 {file}" in record.getMessage()
    assert "canary" not in record.getMessage()


@pytest.mark.parametrize("content", [b"", b"\n", b" \nlate", b"\xff\xfe"])
def test_a_file_without_a_secret_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(SecretUnreadable, match=str(file)):
        read_secret(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable, match="No such file"):
        read_secret(tmp_path / "nothing")
