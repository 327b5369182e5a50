from pathlib import Path

import pytest

from service.client.token import default_token_file, find_token
from service.secret_file import SecretUnreadable


def keep(file: Path, token: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(token)
    return str(file)


def test_the_first_place_that_has_one(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}

    assert find_token(environment) is None

    keep(tmp_path / "cambrian" / "token", "kept\n")

    assert find_token(environment) == "kept"

    environment["CAMBRIAN_TOKEN_FILE"] = keep(tmp_path / "other", "named")

    assert find_token(environment) == "named"

    environment["CAMBRIAN_TOKEN"] = "given"  # noqa: S105 - an example

    assert find_token(environment) == "given"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable):
        find_token({"CAMBRIAN_TOKEN_FILE": str(tmp_path / "nothing")})


@pytest.mark.parametrize("home", ["", "relative"])
def test_without_a_folder_for_settings(home: str) -> None:
    assert default_token_file({"XDG_CONFIG_HOME": home}) == Path.home() / ".config" / "cambrian" / "token"
