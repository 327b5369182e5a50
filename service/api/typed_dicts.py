"""`python -m service.api.typed_dicts`: the types of the Python client, made from the description of the API.

Each object schema becomes a TypedDict, named as its model without "Response". A test holds that the file that is there
is what this would write, so that the client's words are always the API's.
"""

import keyword
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_HEAD: Final = '''"""What the API answers and accepts: made from its description by `make client-types`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict
'''

_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_REFERENCE: Final = "#/components/schemas/"


def typed_dicts(description: Mapping[str, Any]) -> str:
    """Return a module of types for an OpenAPI 3.1 description. Raises ValueError for a schema that none can express."""
    schemas: Mapping[str, Mapping[str, Any]] = description["components"]["schemas"]
    names = [_name(schema) for schema in schemas]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two schemas would get one name, {', '.join(twice)}; rename one of their models")
    classes = ["\n".join(_class(_name(schema), schemas[schema])) for schema in sorted(schemas, key=_name)]
    return "\n\n".join([_HEAD, *classes]) + "\n"


def _class(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object":
        yield f"{name} = {_type(schema)}"
        return
    yield f"class {name}(TypedDict):"
    yield f'    """{schema.get("description", name).splitlines()[0]}"""'
    required = set(schema.get("required", ()))
    for field, value in schema.get("properties", {}).items():
        if not field.isidentifier() or keyword.iskeyword(field):
            raise ValueError(f"{name}.{field} cannot be a field of a TypedDict; rename it")
        annotation = _type(value)
        yield f"    {field}: {annotation if field in required else f'NotRequired[{annotation}]'}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema["$ref"].removeprefix(_REFERENCE))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type(each) for each in schema[union]))
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return f"Literal[{', '.join(repr(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema['items'])}]" if "items" in schema else "list[Any]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_type(values)}]" if isinstance(values, Mapping) else "dict[str, Any]"
    if kind is None:
        return "Any"
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": one}) for one in kind)
    return _PLAIN[kind]


def _name(schema: str) -> str:
    return schema.removesuffix("Response").replace("-", "")


def main() -> None:
    """Print the module."""
    from service.app import create_app  # noqa: PLC0415 - the application loads every route, and this file is one of theirs
    from service.settings import Settings  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(typed_dicts(create_app(Settings(data_dir=Path(folder))).openapi()))


if __name__ == "__main__":
    main()
