from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import SECRETS, Settings, default_data_dir


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CAMBRIAN_{name.upper()}", raising=False)


def test_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    settings = Settings()

    assert settings.data_dir == tmp_path / "cambrian"
    assert settings.database_url == f"sqlite:///{tmp_path / 'cambrian' / 'cambrian.db'}"
    assert (settings.host, settings.port) == ("127.0.0.1", 8642)
    assert (settings.evaluator, settings.ray_address, settings.workers) == ("ray", None, None)
    assert not settings.data_dir.exists()


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMBRIAN_DATABASE_URL", "postgresql://user:secret@db/cambrian")
    monkeypatch.setenv("CAMBRIAN_PORT", "9000")
    monkeypatch.setenv("CAMBRIAN_EVALUATOR", "serial")
    monkeypatch.setenv("CAMBRIAN_WORKERS", "3")
    monkeypatch.setenv("CAMBRIAN_RAY_ADDRESS", "")

    settings = Settings()

    assert settings.database_url == "postgresql://user:secret@db/cambrian"
    assert (settings.port, settings.evaluator, settings.workers, settings.ray_address) == (9000, "serial", 3, None)


@pytest.mark.parametrize(
    ("home", "expected"), [("", ".local/share/cambrian"), ("relative", ".local/share/cambrian"), ("/d", "/d/cambrian")]
)
def test_where_data_goes(monkeypatch: pytest.MonkeyPatch, home: str, expected: str) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", home)

    assert default_data_dir() == Path.home() / expected


def test_a_relative_folder_is_the_same_for_all_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert Settings(data_dir=Path("data")).data_dir == tmp_path / "data"


@pytest.mark.parametrize("host", ["127.0.0.1 ", "", "a b", "a/b", "-a", "a..b", "x" * 254, "http://a"])
def test_what_is_no_address(host: str) -> None:
    with pytest.raises(ValidationError, match="IP address or the name of a machine"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::", "lab-7.example.org"])  # noqa: S104
def test_addresses(host: str) -> None:
    assert Settings(host=host).host == host


def test_other_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().allowed_hosts == ()

    monkeypatch.setenv("CAMBRIAN_ALLOWED_HOSTS", "lab.example, 10.0.0.7,fd00::7")

    assert Settings().allowed_hosts == ("lab.example", "10.0.0.7", "fd00::7")


@pytest.mark.parametrize("names", ["*", "lab.example:8642", "https://lab.example", "a,,b", "a b"])
def test_names_that_are_none(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    monkeypatch.setenv("CAMBRIAN_ALLOWED_HOSTS", names)

    with pytest.raises(ValidationError, match="separated by commas"):
        Settings()


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.touch(mode=0o600)
    file.write_text("postgresql://user:secret@db/cambrian\n")
    for name in SECRETS:
        assert f"{name}_file" in Settings.model_fields
    monkeypatch.setenv("CAMBRIAN_DATABASE_URL_FILE", str(file))

    assert Settings().database_url == "postgresql://user:secret@db/cambrian"

    file.write_text("mysql://user:secret@db/cambrian")
    with pytest.raises(ValidationError, match="must begin with sqlite") as caught:
        Settings()

    assert "secret" not in str(caught.value)

    monkeypatch.setenv("CAMBRIAN_DATABASE_URL", "postgresql://user:secret@db/cambrian")
    with pytest.raises(ValidationError, match="CAMBRIAN_DATABASE_URL or CAMBRIAN_DATABASE_URL_FILE, not both"):
        Settings()


def test_a_secret_is_not_in_the_text_of_the_settings() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://user:secret@db/cambrian"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "web"),
        ("EVALUATOR", "dask"),
        ("WORKERS", "0"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://secret@db"),
    ],
)
def test_what_is_wrong_is_named_and_secrets_are_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CAMBRIAN_{name}", value)

    with pytest.raises(ValidationError) as caught:
        Settings()

    assert name.lower() in str(caught.value)
    assert "secret" not in str(caught.value)
