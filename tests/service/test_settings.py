from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings, default_data_dir


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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", "127.0.0.1 "])  # noqa: S104 - refused
def test_other_addresses_are_refused_with_the_reason(host: str) -> None:
    with pytest.raises(ValidationError, match="no access control yet"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_addresses(host: str) -> None:
    assert Settings(host=host).host == host


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
