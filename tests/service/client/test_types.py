import subprocess
import sys
from pathlib import Path

import service.client.types
from service.api.typed_dicts import typed_dicts
from service.app import create_app
from service.client import Client
from service.settings import Settings

# Operations whose method has another name than the operation, and those that serve no program.
METHODS = {
    "submit_job": "submit",
    "plan_job": "plan",
    "list_jobs": "jobs",
    "get_job": "get",
    "change_job": "change",
    "delete_job": "delete",
    "pause_job": "pause",
    "resume_job": "resume",
    "clone_job": "clone",
    "cancel_job": "cancel",
    "upload_dataset": "put_dataset",
    "ask_networks": "ask",
    "download_model": "download",
    "list_audit_entries": "audit",
    "get_liveness": "ready",
    "get_readiness": "ready",
}


def test_the_types_are_those_of_the_description(tmp_path: Path) -> None:
    text = typed_dicts(create_app(Settings(data_dir=tmp_path)).openapi())
    ruff = Path(sys.executable).parent / "ruff"
    formatted = subprocess.run([ruff, "format", "-"], input=text, capture_output=True, text=True, check=True).stdout

    assert Path(service.client.types.__file__).read_text(encoding="utf-8") == formatted, "run `make client-types`"


def test_the_client_knows_every_operation(tmp_path: Path) -> None:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    operations = {operation["operationId"] for path in paths.values() for operation in path.values()}
    for name in operations:
        method = METHODS.get(name, name.removeprefix("list_").removeprefix("get_"))

        assert callable(getattr(Client, method, None)), f"{name}: the client has no method {method}"
    assert set(METHODS) <= operations
