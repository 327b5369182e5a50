"""The report as a file in one of its formats."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, assert_never

from service.report.document import report_bytes
from service.report.html import to_html
from service.report.markdown import to_markdown

ReportFormat = Literal["html", "markdown", "json"]

MEDIA_TYPES: Final[Mapping[ReportFormat, str]] = MappingProxyType(
    {"html": "text/html; charset=utf-8", "markdown": "text/markdown; charset=utf-8", "json": "application/json"}
)
EXTENSIONS: Final[Mapping[ReportFormat, str]] = MappingProxyType({"html": "html", "markdown": "md", "json": "json"})


def write_report(document: Mapping[str, Any], format: ReportFormat) -> bytes:  # noqa: A002 - the word of the API
    """Write the document of a report in one of the formats, as UTF-8."""
    match format:
        case "html":
            return to_html(document).encode()
        case "markdown":
            return to_markdown(document).encode()
        case "json":
            return report_bytes(document)
        case _:
            assert_never(format)
