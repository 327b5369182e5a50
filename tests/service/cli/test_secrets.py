"""No secret leaves its place: a canary is looked for in everything that a whole run says, at the level of debugging."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.access.token import new_secret
from service.api.doorkeeper import COOKIE
from service.client import Client
from tests.service.cli.commands import cambrian, environment, serving

pytestmark = pytest.mark.slow

SPEC = {
    "dataset": "digits-8x8",
    "budget": {"evaluations": 4},
    "training": {"epochs": 1},
    "final": {"finalists": 1, "seeds": 2},
    "verdict": {"rivals": False},
}


def test_secrets_are_in_no_log_and_no_answer(postgres_url: str, data_dir: Path, tmp_path: Path) -> None:
    password = urlsplit(postgres_url).password
    assert password
    url_file = tmp_path / "url"
    url_file.write_text(postgres_url)
    url_file.chmod(0o644)
    settings = {"DATABASE_URL_FILE": str(url_file), "REQUIRE_TOKEN": "true", "LOG_LEVEL": "debug"}
    env = environment(data_dir, **{f"CAMBRIAN_{name}": value for name, value in settings.items()})
    scopes = [part for scope in ("read", "submit", "admin") for part in ("--scope", scope)]
    made = cambrian("token", "create", "--owner", "ada", *scopes, env=env)
    secret, wrong = made.stdout.strip(), new_secret()
    answers = []
    with serving(env) as service:
        with Client(service.url, token=secret) as client:
            job = client.submit(SPEC)["id"]
            assert client.wait(job)["status"] == "succeeded"
        with httpx.Client(base_url=service.url, trust_env=False) as browser:
            origin = {"Origin": service.url}
            answers += [browser.post("/sign-in", json={"token": given}, headers=origin) for given in (secret, wrong)]
            session = browser.cookies[COOKIE]
            answers += [
                browser.get(path)
                for path in (f"/jobs/{job}", f"/v1/jobs/{job}", "/v1/whoami", f"/v1/jobs?token={secret}")
            ]
            # As if somebody had put it where it does not belong.
            answers.append(browser.post(f"/v1/jobs/{secret}/cancel", headers={"Authorization": f"Bearer {wrong}"}))
            answers.append(browser.get("/v1/jobs", headers={"Last-Event-ID": secret, "Host": secret}))
            answers.append(browser.get("/v1/audit", headers={"Authorization": f"Bearer {secret}"}))
    said = "".join(service.said)
    assert answers[-1].json()["entries"][0]["object_id"] == "cmb_[redacted]"
    doctor = cambrian("doctor", "--json", env=env)
    listed = cambrian("token", "list", env=env)

    assert doctor.returncode == 0
    assert json.loads(doctor.stdout)
    # The run did speak, and of the file that everybody can read.
    assert '"level": "debug"' in said
    assert "every user of this machine can read" in said
    for canary in (password, secret, wrong, session):
        assert canary not in said
        assert canary not in doctor.stdout + doctor.stderr + listed.stdout + listed.stderr + made.stderr
        assert not [answer.text for answer in answers if canary in answer.text]
