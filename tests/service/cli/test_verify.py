import json
import sqlite3
from pathlib import Path

import pytest

from service.client import Client
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow


def test_verify_says_equal_different_or_not_comparable_with_its_exit_code(data_dir: Path) -> None:
    env = environment(data_dir)
    with serving(env) as service, Client(service.url) as client:
        small = {"space": {"max_layers": 2, "max_units": 24}, "training": {"epochs": 2}}
        job = client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 10}, **small})["id"]
        assert client.wait(job)["status"] == "succeeded"
        rows = client.record(job)["rows"]
        assert rows is not None
        digest = rows["sha256"]
        longer = client.submit({"dataset": "digits-8x8", "budget": {"evaluations": 90_000}})["id"]
        assert cambrian("verify", longer, env=env).returncode == 8
        client.cancel(longer)
        client.wait(longer)
    # The service is not needed; the database is.
    answer = cambrian("verify", job, "--json", env=env)

    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert (told["equal"], told["difference"], told["rows"]["search"]) == (True, None, 10)
    assert told["rows_sha256"] == digest
    assert f"SHA-256 {digest}" in answer.stderr
    assert "rows are equal" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1

    with sqlite3.connect(data_dir / "cambrian.db") as connection:
        connection.execute(
            "UPDATE evaluations SET flops = flops + 1 WHERE candidate_id = "
            "(SELECT id FROM candidates WHERE job_id = ? AND phase = 'search' AND number = 4)",
            (job,),
        )
        connection.execute("UPDATE segments SET environment = json_set(environment, '$.packages.numpy', '1.0')")
    connection.close()
    answer = cambrian("verify", job, env=env)

    assert answer.returncode == 7
    assert "different: search 4: flops is stored as" in answer.stderr
    assert "the probable reason: packages numpy: 1.0 then, " in answer.stderr
    assert cambrian("verify", "none", env=env).returncode == 1
