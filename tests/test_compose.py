"""What docker-compose.yml and the Dockerfile promise about security and about stopping, each property by itself."""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compose import DOCKERFILE, ROOT, Service, compose, image_environment, services

FINAL_STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[1]
ONE_SHOTS = {"migrate", "token"}
EVERY = [pytest.param(service, id=name) for name, service in services().items()]
LASTING = [pytest.param(service, id=name) for name, service in services().items() if name not in ONE_SHOTS]


def test_all_services_are_there() -> None:
    assert set(services()) == {"postgres", "migrate", "token", "api", "runner", "ray-head", "worker"}


@pytest.mark.parametrize("service", EVERY)
def test_a_container_can_change_nothing_but_what_it_must(service: Service) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged", False)
    assert all("docker.sock" not in volume for volume in service.get("volumes", []))
    assert not {"pid", "ipc", "network_mode", "devices", "userns_mode"} & set(service)


@pytest.mark.parametrize("service", EVERY)
def test_a_container_runs_as_a_user_of_its_own(service: Service) -> None:
    user, group = service["user"].split(":")

    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.parametrize("service", EVERY)
def test_what_must_be_writable_is_in_memory_or_a_named_volume(service: Service) -> None:
    assert any(entry.startswith("/tmp:") for entry in service["tmpfs"])  # noqa: S108 - the container's own
    assert all("nosuid" in entry and "size=" in entry for entry in service["tmpfs"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in compose()["volumes"] or volume.endswith(":ro")


@pytest.mark.parametrize("service", EVERY)
def test_a_container_cannot_take_the_whole_machine(service: Service) -> None:
    assert service["mem_limit"]
    assert service["cpus"] > 0
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("service", LASTING)
def test_a_container_is_watched_and_started_again(service: Service) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True


def test_only_the_service_publishes_a_port_and_on_loopback() -> None:
    assert {name: service["ports"] for name, service in services().items() if "ports" in service} == {
        "api": ["${CAMBRIAN_PUBLISH:-127.0.0.1:8642}:8642"]
    }
    assert not [name for name, service in services().items() if "expose" in service]


def test_everything_else_is_on_a_network_that_leads_nowhere() -> None:
    assert compose()["networks"]["internal"] == {"internal": True}
    on = {name: service["networks"] for name, service in services().items()}
    assert on.pop("api") == ["internal", "public"]
    assert all(networks == ["internal"] for networks in on.values())


def test_ray_opens_neither_dashboard_nor_client_port() -> None:
    for name in ("ray-head", "worker"):
        command = services()[name]["command"]
        assert "--include-dashboard=false" in command or "--head" not in command
        assert not [word for word in command if "dashboard-host" in word or "ray-client" in word]
    for name in ("ray-head", "worker", "runner"):
        assert services()[name]["environment"]["RAY_AUTH_MODE"] == "token"


def test_the_head_trains_nothing_and_a_worker_one_at_a_time() -> None:
    assert "--num-cpus=0" in services()["ray-head"]["command"]
    assert "--num-cpus=1" in services()["worker"]["command"]
    # Whatever has a name of its own or a port of the machine cannot be scaled.
    assert not {"container_name", "hostname", "ports"} & set(services()["worker"])


def test_secrets_are_files_and_never_in_the_environment() -> None:
    declared = compose()["secrets"]

    assert all(set(secret) == {"file"} for secret in declared.values())
    for service in services().values():
        assert set(service.get("secrets", [])) <= set(declared)
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|DATABASE_URL", name) and name != "RAY_AUTH_MODE":
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_a_container_gets_only_the_secrets_it_needs() -> None:
    assert {name: set(service.get("secrets", [])) for name, service in services().items()} == {
        "postgres": {"postgres_password", "database_password"},
        "migrate": {"database_url"},
        "token": {"database_url"},
        "api": {"database_url"},
        "runner": {"database_url", "ray_token"},
        "ray-head": {"ray_token"},
        "worker": {"ray_token"},
    }


def test_services_start_after_what_they_need() -> None:
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services().items()
    }

    assert needs["migrate"] == {"postgres": "service_healthy"}
    assert needs["token"] == {"migrate": "service_completed_successfully"}
    assert needs["api"] == {"postgres": "service_healthy", "migrate": "service_completed_successfully"}
    assert needs["runner"] == needs["api"] | {"ray-head": "service_healthy"}
    assert needs["worker"] == {"ray-head": "service_healthy"}


@pytest.mark.parametrize("service", LASTING)
def test_a_container_has_the_time_to_stop_that_its_program_takes(service: Service) -> None:
    # Service and runner end within ten seconds.
    assert int(service["stop_grace_period"].removesuffix("s")) >= 15


def test_service_and_runner_share_the_data() -> None:
    assert services()["api"]["volumes"] == services()["runner"]["volumes"] == ["data:/data"]
    assert image_environment()["CAMBRIAN_DATA_DIR"] == "/data"


def test_all_containers_of_the_cluster_have_one_image() -> None:
    images = {service["image"] for name, service in services().items() if name != "postgres"}

    assert len(images) == 1


def test_the_image_checks_every_hash_and_builds_in_a_stage_of_its_own() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert "requirements/demo.txt" in DOCKERFILE
    assert len(re.findall(r"^FROM python:3\.\d+-slim\b", DOCKERFILE, re.MULTILINE)) == 2
    assert not re.search(r"apt-get|gcc|build-essential|pip install", FINAL_STAGE)


def test_the_image_runs_as_a_numbered_user_and_can_be_watched() -> None:
    assert re.search(r"^USER 10001:10001$", FINAL_STAGE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n\s+CMD \[", FINAL_STAGE, re.MULTILINE)
    assert {service["user"] for name, service in services().items() if name != "postgres"} == {"10001:10001"}


def test_only_what_the_image_needs_is_sent_to_its_build() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+)(?: (\S+))? \S+$", DOCKERFILE, re.MULTILINE))
    sources = {name for pair in copied for name in pair if name and name != "./"}
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert lines[0] == "*"
    assert sources == {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_the_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    script = [str(ROOT / "deploy" / "make-secrets.sh"), str(folder)]
    subprocess.run(script, check=True)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    subprocess.run(script, check=True)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(before) == set(compose()["secrets"])
    assert before == {path.name: path.read_text() for path in folder.iterdir()}
    assert len({before["postgres_password"], before["database_password"], before["ray_token"]}) == 3
    assert before["database_url"] == f"postgresql://cambrian:{before['database_password']}@postgres:5432/cambrian"
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_file_is_one_that_compose_accepts(tmp_path: Path) -> None:
    program: list[str] | None = _compose_program()
    if program is None:
        pytest.skip("neither `docker compose` nor docker-compose is installed here")
    done = subprocess.run(
        [*program, "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def _compose_program() -> list[str] | None:
    if shutil.which("docker-compose") is not None:
        return ["docker-compose"]
    docker: Any = shutil.which("docker")
    if docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:  # noqa: PLW1510
        return ["docker", "compose"]
    return None
