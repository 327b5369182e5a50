"""`cambrian record`: what was run on what, for whoever wants to repeat it."""

from collections.abc import Mapping
from typing import Any

from service.cli.jobs import JobId, Json, Url
from service.cli.output import print_json, printable
from service.client import DEFAULT_URL, Client


def record(job: JobId, as_json: Json = False, url: Url = DEFAULT_URL) -> None:
    """Show the record of a job: spec, seed, data, versions, processor, and hashes of rows and model."""
    with Client(url) as client:
        found = client.record(job)
    if as_json:
        print_json(found)
    else:
        print("\n".join(record_lines(found)))


def record_lines(record: Mapping[str, Any]) -> list[str]:
    """Return the record as lines."""
    rows, model = record["rows"], record["model"]
    told = [
        ("job", f"{record['job_id']} ({record['status']})"),
        ("name", record["name"]),
        ("data", f"{record['dataset']['name']}, SHA-256 {record['dataset']['fingerprint'] or 'not known yet'}"),
        ("seed", record["seed"]),
        ("machines", ", ".join(record["machines"]) or "-"),
        ("rows", "not known" if rows is None else f"{rows['count']:,}, SHA-256 {rows['sha256']}"),
        ("model", "none" if model is None else f"{model['id']}, SHA-256 {model['sha256']}"),
    ]
    lines = [f"{name:10} {printable(value, 200)}" for name, value in told]
    for segment in record["segments"]:
        lines += ["", f"{'stretch':10} {segment['lease']}, from {segment['started_at']}"]
        lines += [f"  {name:10} {printable(value, 200)}" for name, value in _environment(segment["environment"])]
    return lines


def _environment(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    blas, cpu = environment["blas"], environment["cpu"]
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items() if version)
    workers = "as many workers as the cluster has" if environment["workers"] is None else environment["workers"]
    return [
        ("host", f"{environment['host']}, {environment['system']}"),
        ("python", f"{environment['python']['implementation']} {environment['python']['version']}"),
        ("packages", packages),
        ("blas", f"{blas['library']} {blas['version']}, kernels for {blas['kernels'] or 'an unknown processor'}"),
        ("cpu", f"{cpu['model']}, {cpu['machine']}, {cpu['cores']} cores, NumPy uses {', '.join(cpu['simd'])}"),
        ("evaluator", f"{environment['evaluator']}, workers: {workers}"),
    ]
