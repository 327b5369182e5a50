"""What Ray takes from the environment of the process that starts it; set before Ray is loaded."""

import os
import secrets
from pathlib import Path

from evolution.ray_cluster import RayCluster


def set_environment(cluster: RayCluster, private: Path) -> None:
    """Set what Ray and its processes take from the environment; nothing is read from there."""
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray would report on the terminal that results of cancelled candidates were not fetched.
        "RAY_IGNORE_UNHANDLED_ERRORS": "1",
        # Ray's library would put a handler of its own before those of this process, and at its end take all of them
        # away: a request to end would then abort the process, or kill it without a word.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        # Without GPUs Ray would warn on the terminal that it will leave CUDA_VISIBLE_DEVICES alone one day.
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    if cluster.address is None:
        # Ray listens on all interfaces, unless it takes itself to be on a system where it supports one node only.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    path = cluster.token_path
    if path is None and (cluster.token is not None or cluster.address is None):
        path = private / "token"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(cluster.token or secrets.token_hex(32))
    if path is not None:
        # Ray prefers a token in the environment, which children could read, to one in a file.
        os.environ.pop("RAY_AUTH_TOKEN", None)
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(path)
