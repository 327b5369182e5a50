"""The description of the API: complete, and true."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.problems import Problem
from tests.service.api.serving import problem_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "rest.md"
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
def description(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def _operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    }


def test_all_addresses(description: dict[str, Any]) -> None:
    assert set(_operations(description)) == {
        "POST /v1/jobs",
        "GET /v1/jobs",
        "GET /v1/jobs/{job_id}",
        "PATCH /v1/jobs/{job_id}",
        "DELETE /v1/jobs/{job_id}",
        "POST /v1/jobs/{job_id}/pause",
        "POST /v1/jobs/{job_id}/resume",
        "POST /v1/jobs/{job_id}/clone",
        "POST /v1/plans",
        "POST /v1/jobs/{job_id}/cancel",
        "PUT /v1/jobs/{job_id}/priority",
        "GET /v1/jobs/{job_id}/deliveries",
        "GET /v1/jobs/{job_id}/candidates",
        "GET /v1/jobs/{job_id}/candidates/{number}/examination",
        "GET /v1/jobs/{job_id}/candidates/{number}/network",
        "GET /v1/jobs/{job_id}/lineage",
        "GET /v1/jobs/{job_id}/charts",
        "GET /v1/jobs/{job_id}/charts/{chart}",
        "GET /v1/jobs/{job_id}/events",
        "GET /v1/jobs/{job_id}/network",
        "POST /v1/jobs/{job_id}/ask",
        "GET /v1/jobs/{job_id}/verdict",
        "GET /v1/jobs/{job_id}/front",
        "GET /v1/jobs/{job_id}/what-if",
        "GET /v1/jobs/{job_id}/record",
        "GET /v1/jobs/{job_id}/report",
        "GET /v1/models",
        "GET /v1/models/{model_id}",
        "GET /v1/models/{model_id}/download",
        "POST /v1/models/{model_id}/predict",
        "GET /v1/datasets",
        "POST /v1/datasets",
        "GET /v1/datasets/{name}",
        "PUT /v1/datasets/{name}",
        "DELETE /v1/datasets/{name}",
        "GET /v1/version",
        "GET /v1/whoami",
        "POST /v1/tokens",
        "GET /v1/tokens",
        "GET /v1/tokens/{token_id}",
        "POST /v1/tokens/{token_id}/revoke",
        "GET /v1/audit",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


def test_it_is_openapi_31(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")


def test_operations_are_named_and_explained(description: dict[str, Any]) -> None:
    operations = _operations(description).values()
    names = [operation["operationId"] for operation in operations]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert all(operation["summary"] and operation["tags"] for operation in operations)


def test_every_refusal_is_a_problem(description: dict[str, Any]) -> None:
    for name, operation in _operations(description).items():
        refusals = {code: answer for code, answer in operation["responses"].items() if code >= "400"}

        assert "422" in refusals, name
        for answer in refusals.values():
            assert list(answer["content"]) == ["application/problem+json"], name
            assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_there_are_examples(description: dict[str, Any]) -> None:
    for name, operation in _operations(description).items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            bytes_or_nothing = schema.get("format") == "binary" or "#/components/schemas/Nothing" in str(schema)

            assert bytes_or_nothing or content.get("examples") or schema.get("examples"), name
        for code, answer in operation["responses"].items():
            for example in (
                answer["content"]["application/problem+json"]["examples"] if code >= "400" else {}
            ).values():
                assert Problem.model_validate(example["value"]).status == int(code), name


def test_what_is_referred_to_is_there(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    referred = set(re.findall(r"#/components/schemas/([\w.-]+)", str(description)))

    assert referred <= set(schemas)
    assert not {name for name in schemas if "ValidationError" in name}


def test_limits_are_told(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    evaluations = schemas["BudgetSpec"]["properties"]["evaluations"]["anyOf"][0]
    page_size = next(
        parameter
        for parameter in description["paths"]["/v1/jobs"]["get"]["parameters"]
        if parameter["name"] == "page_size"
    )

    assert (evaluations["type"], evaluations["minimum"], evaluations["maximum"]) == ("integer", 1, 100_000)
    assert schemas["JobRequest"]["additionalProperties"] is False
    assert schemas["JobRequest"]["required"] == ["dataset"]
    assert (page_size["schema"]["minimum"], page_size["schema"]["maximum"]) == (1, 200)


def test_the_page_of_the_description_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert client.get("/redoc").status_code == 404
    scripts, others = (
        re.findall(r'<script src="([^"]+)"', page.text),
        re.findall(r'<link [^>]*href="([^"]+)"', page.text),
    )
    assert len(scripts) == 2
    assert len(others) == 2
    for address in scripts + others:
        # Relative, so that it holds below the prefix of a proxy too.
        assert not address.startswith("/")
        assert ":" not in address
        assert client.get(f"/{address}").status_code == 200
    # No script and no style stands in the page itself, so the policy can forbid it.
    assert not re.search(r"<script(?! src=)|<style|\son\w+=|\sstyle=", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    problem_of(client.get("/docs/redoc.standalone.js"), 404)
    problem_of(client.get("/docs/..%2f__init__.py"), 404)


def test_the_document_names_every_operation(description: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    for operation in _operations(description):
        method, path = operation.split()
        plain = re.sub(r"{(?:job|model|token)_id}", "{id}", path)
        assert f"`{method} {plain}`" in text


@pytest.mark.slow
def test_the_web_process_loads_neither_ray_nor_deap(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from service.app import create_app\n"
        "from service.server import Server\n"
        "from service.settings import Settings\n"
        "settings = Settings(data_dir=sys.argv[1])\n"
        "Server(create_app(settings), settings)\n"
        "heavy = {'ray', 'deap', 'sklearn', 'mlxtend', 'pandas'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
    # Making the application opens nothing; starting it does.
    assert list(tmp_path.iterdir()) == []
