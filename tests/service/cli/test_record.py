from pathlib import Path
from typing import Any

from service.cli.record import record_lines
from service.runner.environment import describe_environment
from service.settings import Settings


def test_a_record_is_told_in_lines(tmp_path: Path) -> None:
    environment = describe_environment(Settings(data_dir=tmp_path, ray_address="head:6379"))
    record: dict[str, Any] = {
        "job_id": "abc",
        "status": "succeeded",
        "name": "a \x1b[0m name",
        "seed": 7,
        "dataset": {"name": "iris", "fingerprint": None},
        "machines": ["one", "two"],
        "rows": {"count": 1234, "sha256": "f" * 64},
        "model": None,
        "segments": [{"lease": 1, "started_at": "2026-01-31T12:00:00.000000Z", "environment": environment}],
    }
    text = "\n".join(record_lines(record))

    assert "rows       1,234, SHA-256 ffff" in text
    assert "machines   one, two" in text
    assert "SHA-256 not known yet" in text
    assert "model      none" in text
    assert "stretch    1, from 2026-01-31T12:00:00.000000Z" in text
    assert f"numpy {environment['packages']['numpy']}" in text
    assert "as many workers as the cluster has" in text
    assert "\x1b" not in text
