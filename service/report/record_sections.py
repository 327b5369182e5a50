"""The sections of a report for whoever wants to repeat the job: what ran on what, and how to check it."""

from collections.abc import Mapping
from typing import Any

from service.report.blocks import Block, Column, Facts, Listing, Paragraph, Section, Table
from service.report.wording import NOTHING, count, moment, plain


def record_section(record: Mapping[str, Any]) -> Section:
    """Return seed, versions, processor, and the hashes of rows and model."""
    rows, model = record["rows"], record["model"]
    facts = [
        ("Seed", str(record["seed"])),
        ("Data (SHA-256)", record["dataset"]["fingerprint"] or "not known yet"),
        ("Machines", ", ".join(plain(name, 80) for name in record["machines"]) or NOTHING),
        ("Rows", "known once the job has succeeded" if rows is None else count(rows["count"])),
    ]
    facts += [] if rows is None else [("Rows (SHA-256)", rows["sha256"])]
    facts += [("Model", "none")] if model is None else [("Model", model["id"]), ("Model (SHA-256)", model["sha256"])]
    if record["stopped_at"] is not None:
        facts.append(("Search ended after", f"{count(record['stopped_at'])} candidates"))
    blocks: list[Block] = [Facts(tuple(facts)), *map(_segment, record["segments"])]
    if model is not None:
        columns = (Column("Format"), Column("Status"), Column("Bytes", number=True), Column("SHA-256"))
        files = tuple(
            (file["format"], file["status"].replace("_", " "), count(file["bytes"]), file["sha256"] or NOTHING)
            for file in model["files"]
        )
        blocks.append(Table("Files of the model", columns, files))
    return Section("record", "The record", tuple(blocks))


def check_section(document: Mapping[str, Any], sha256: str) -> Section:
    """Return what proves that the numbers are what they were, and how to find out whether they are true."""
    job, product = document["job"], document["product"]
    facts = (
        ("This report as JSON (SHA-256)", sha256),
        ("Format", str(document["format"])),
        ("Written by", f"Cambrian {plain(product['version'])}"),
    )
    told = (
        "Every number here stands in the JSON report, whose SHA-256 is above. cambrian verify runs the job again and "
        "compares every row; on the same versions and the same kind of processor they are the same to the last bit."
    )
    if job["finished_at"] is None:
        told = "The job has not ended, so each report of it is another one. " + told
    commands = "\n".join(
        (
            f"cambrian report {job['id']} --format json --output report.json",
            "sha256sum report.json",
            f"cambrian verify {job['id']}",
        )
    )
    return Section("check", "How to check it", (Facts(facts), Paragraph(told), Listing("Commands", commands, "sh")))


def _segment(segment: Mapping[str, Any]) -> Table:
    environment = segment["environment"]
    python, blas, cpu = environment["python"], environment["blas"], environment["cpu"]
    workers = "as many as the cluster has" if environment["workers"] is None else str(environment["workers"])
    rows = [
        ("Host", f"{environment['host']}, {environment['system']}"),
        ("Processor", f"{cpu['model']}, {cpu['machine']}, {cpu['cores']} cores"),
        ("Vector instructions", ", ".join(cpu["simd"])),
        ("BLAS", f"{blas['library']} {blas['version']}, kernels for {blas['kernels'] or 'an unknown processor'}"),
        ("BLAS build", blas["build"] or NOTHING),
        ("Python", f"{python['implementation']} {python['version']}"),
        *((name, found) for name, found in environment["packages"].items() if found),
        ("Evaluator", f"{environment['evaluator']}, workers: {workers}"),
    ]
    caption = f"Stretch {segment['lease']}, from {moment(segment['started_at'])}"
    return Table(caption, (Column("What"), Column("Which")), tuple((plain(name), plain(told)) for name, told in rows))
