"""Tokens as an operator makes them and as a user's command line brings them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.access.token import well_formed
from service.cli.token import app
from service.errors import TokenNotFound
from tests.service.cli.commands import cambrian, environment, serving

runner = CliRunner()


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMBRIAN_DATA_DIR", str(tmp_path))


def token(*arguments: str) -> Result:
    return runner.invoke(app, arguments)


def test_the_life_of_a_token(tmp_path: Path) -> None:
    made = token("create", "--owner", "ada", "--name", "notebook", "--scope", "read")

    secret = made.stdout.strip()
    assert made.exit_code == 0, made.stderr
    # Alone on stdout, so that it can be sent into a file.
    assert made.stdout == f"{secret}\n"
    assert well_formed(secret)
    assert secret not in made.stderr
    (listed,) = json.loads(token("list", "--json").stdout)
    assert (listed["owner"], listed["name"], listed["scopes"], listed["state"]) == (
        "ada",
        "notebook",
        ["read"],
        "valid",
    )
    assert secret.encode() not in (tmp_path / "cambrian.db").read_bytes()
    assert token("revoke", listed["id"]).exit_code == 0
    table = token("list").stdout
    assert "revoked" in table
    assert secret not in table
    assert isinstance(token("revoke", "99").exception, TokenNotFound)


def test_how_long_it_is_valid() -> None:
    for days in ("never", "1"):
        assert token("create", "--owner", "ada", "--expires-days", days).exit_code == 0

    tomorrow, never = json.loads(token("list", "--json").stdout)
    assert never["expires_at"] is None
    assert tomorrow["expires_at"] > tomorrow["created_at"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--scope", "root"),
        ("--expires-days", "0"),
        ("--expires-days", "soon"),
        ("--expires-days", "99999"),
        ("--owner", " "),
        ("--name", "a\nb"),
    ],
)
def test_wrong_options_are_named(option: str, value: str, tmp_path: Path) -> None:
    answer = token("create", "--owner", "ada", option, value)

    assert answer.exit_code == 2
    assert option in answer.stderr
    assert answer.stdout == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_network_gets_no_service_without_a_token(data_dir: Path) -> None:
    env = environment(data_dir, CAMBRIAN_HOST="0.0.0.0")  # noqa: S104 - the point of the test
    refused = cambrian("serve", "--port", "0", env=env, seconds=30)

    assert refused.returncode == 1
    assert "cambrian token create --owner NAME" in refused.stderr
    assert "CAMBRIAN_ALLOWED_HOSTS" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_the_network_is_served_with_a_token(data_dir: Path, tmp_path: Path) -> None:
    env = environment(data_dir, CAMBRIAN_HOST="0.0.0.0", XDG_CONFIG_HOME=str(tmp_path))  # noqa: S104 - see above
    secret = cambrian("token", "create", "--owner", "ada", "--scope", "read", env=env).stdout.strip()
    file = tmp_path / "kept"
    file.touch(mode=0o600)
    file.write_text(secret)
    with serving(env, "--no-runner") as service:
        there = env | {"CAMBRIAN_URL": service.url.replace("0.0.0.0", "127.0.0.1")}  # noqa: S104 - see above
        without = cambrian("jobs", env=there)
        wrong = cambrian("jobs", env=there | {"CAMBRIAN_TOKEN": "cmb_wrong"})
        given = [
            cambrian("jobs", env=there | {"CAMBRIAN_TOKEN": secret}),
            cambrian("jobs", env=there | {"CAMBRIAN_TOKEN_FILE": str(file)}),
            cambrian("--token-file", str(file), "jobs", env=there | {"CAMBRIAN_TOKEN": "cmb_wrong"}),
        ]
        forbidden = cambrian("submit", "digits-8x8", env=there | {"CAMBRIAN_TOKEN": secret})
        gone = cambrian("--token-file", str(tmp_path / "nothing"), "jobs", env=there)
        kept = tmp_path / "cambrian" / "token"
        kept.parent.mkdir()
        file.rename(kept)
        given.append(cambrian("jobs", env=there))

    assert without.returncode == wrong.returncode == forbidden.returncode == 4
    assert "Token needed" in without.stderr
    assert str(tmp_path / "cambrian" / "token") in without.stderr
    assert "the token is not valid" in wrong.stderr
    assert "needs the scope submit; the token has read" in forbidden.stderr
    assert [answer.returncode for answer in given] == [0, 0, 0, 0]
    assert gone.returncode == 2
    assert "No such file" in gone.stderr
