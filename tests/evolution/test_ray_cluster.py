import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evolution.errors import EvaluatorUnavailable
from evolution.ray_cluster import RayCluster
from evolution.ray_environment import set_environment


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"cpus": 0}, "cpus"),
        ({"token": "a" * 32, "token_path": Path("token")}, "not both"),
        ({"token": "short"}, "32 characters"),
        ({"address": "auto"}, "host:port"),
        ({"address": "ray://there:10001"}, "host:port"),
        ({"address": "there:port"}, "host:port"),
        ({"directory": Path("/a/long/way/down/to/here")}, "too long"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(EvaluatorUnavailable, match=named):
        RayCluster(**settings)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(RayCluster(token="secret" * 8))


def test_a_local_cluster_gets_a_token_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = {"RAY_AUTH_TOKEN": "somebody else's"}
    monkeypatch.setattr("os.environ", environment)
    set_environment(RayCluster(), tmp_path)
    token = tmp_path / "token"

    assert environment["RAY_AUTH_TOKEN_PATH"] == str(token)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert "RAY_AUTH_TOKEN" not in environment
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(token.read_text()) == 64


def test_a_given_token_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = {}
    monkeypatch.setattr("os.environ", environment)
    set_environment(RayCluster(address="127.0.0.1:6379", token="t" * 40), tmp_path)

    assert Path(environment["RAY_AUTH_TOKEN_PATH"]).read_text() == "t" * 40
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in environment
    set_environment(RayCluster(address="127.0.0.1:6379", token_path=Path("elsewhere")), tmp_path)

    assert Path(environment["RAY_AUTH_TOKEN_PATH"]) == Path("elsewhere")


def test_a_joined_cluster_without_a_token_leaves_the_search_for_it_to_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"RAY_AUTH_TOKEN": "the operator's"}
    environment = dict(before)
    monkeypatch.setattr("os.environ", environment)
    set_environment(RayCluster(address="127.0.0.1:6379"), tmp_path)

    assert environment.items() >= before.items()
    assert "RAY_AUTH_TOKEN_PATH" not in environment


def test_nothing_but_an_evaluator_at_work_loads_ray() -> None:
    code = "import sys, evolution.ray_cluster, evolution.ray_evaluator, evolution.loop; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
