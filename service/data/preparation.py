"""From a file to a prepared data set: read, typed, split, examined and encoded, in this order."""

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.dataset import fingerprint
from service.data import doctor
from service.data.archive import opened_archive
from service.data.category_input import CategoryInput
from service.data.column_types import TypedColumn, typed_columns
from service.data.csv_file import read_csv
from service.data.description import Cell, Column, Description, Finding, Kind, ReadOptions
from service.data.duplicates import equal_images, equal_rows
from service.data.encoder import Encoder, TableInput, encode_column
from service.data.errors import InvalidFile
from service.data.leaks import find_leaks
from service.data.limits import MAX_INPUTS, MAX_MEMBERS, MAX_PREPARED_VALUES
from service.data.number_input import NumberInput
from service.data.partition import Partition, partition
from service.data.picture_input import ArrayInput, PictureInput
from service.data.sniffing import READ, sniff
from service.data.table import Images, Numbers, Table, Texts
from service.data.target import Target, read_target, target_name
from service.data.text_input import TextInput

PREVIEW_ROWS: Final = 10
EXAMPLES: Final = 5


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set that is ready to be stored: inputs (rows, *input_shape) and targets, the train rows first."""

    description: Description
    encoder: Encoder
    inputs: NDArray[np.float32]
    targets: NDArray[Any]


def prepare(path: Path, options: ReadOptions) -> Prepared:
    """Read a user's file. Raises InvalidFile for whatever makes no data set."""
    # Signaling NaNs and numbers at the ends of what floats hold are data here, not mistakes in our arithmetic.
    with np.errstate(invalid="ignore", over="ignore"):
        content = _read(path, options)
        return _prepare_table(content, options) if isinstance(content, Table) else _prepare_images(content, options)


def _read(path: Path, options: ReadOptions) -> Table | Images:
    kind = sniff(path) or _kind_of_zip(path)
    if options.kind is not None and options.kind != kind:
        detail = f"by its content the file is of the kind {kind}, not {options.kind}. {READ}"
        raise InvalidFile("unsupported", detail, field="kind")
    # Pillow and pyarrow take long to load; each is loaded only for its own kind.
    if kind == "parquet":
        from service.data.parquet_file import read_parquet  # noqa: PLC0415

        return read_parquet(path, options)
    if kind == "images":
        from service.data.pictures import read_pictures  # noqa: PLC0415

        return read_pictures(path, options)
    if kind == "npz":
        from service.data.npz_file import read_npz  # noqa: PLC0415

        return read_npz(path)
    return read_csv(path, options)


def _kind_of_zip(path: Path) -> Kind:
    with opened_archive(path, members=MAX_MEMBERS) as (_, infos):
        names = [info.filename for info in infos]
    if any(name.endswith(".npy") for name in names):
        return "npz"
    office = {"[Content_Types].xml": "an Excel, Word or PowerPoint file; save the sheet as CSV"}
    for name, what in office.items():
        if name in names:
            raise InvalidFile("unsupported", f"this is {what}. {READ}")
    return "images"


def _prepare_table(table: Table, options: ReadOptions) -> Prepared:
    columns, findings = doctor.without_infinite(table.columns)
    table = replace(table, columns=columns)
    name = target_name(table.names, options)
    target = read_target(table.column(name), options)
    whole = table
    # Rows without a target teach nothing; what the columns are is decided by the others.
    table = table if len(target.rows) == len(table) else table.take(target.rows)
    typed = typed_columns(table, name, options)
    used = [each.column for each in typed if each.is_input]
    equal = equal_rows(used)
    group = None if options.group_column is None else table.column(options.group_column)
    parts, noticed = partition(target.classes, equal, group, seed=options.split_seed)
    findings += [*table.findings, *target.findings, *noticed, *doctor.examine_columns(typed)]
    inputs = _fitted(typed, parts, options)
    findings += [doctor.wordless(each) for each, fitted in inputs.items() if fitted is None]
    encoder = Encoder(
        inputs=tuple(fitted for fitted in inputs.values() if fitted is not None),
        unused=tuple(each for each in table.names if inputs.get(each) is None),
        refuses_missing=options.missing == "refuse",
    )
    if not encoder.inputs:
        raise InvalidFile("unacceptable", "no column is left that a network could learn from; add columns with values")
    _check_size(encoder.input_shape, len(table))
    values = _encoded(encoder, table, parts)
    findings += find_leaks([each for each in used if inputs[each.name] is not None], target, parts)
    described = tuple(_column(each, inputs.get(each.column.name)) for each in typed)
    return _prepared(table.kind, encoder, values, target, parts, equal, described, _preview(whole), findings)


def _fitted(typed: tuple[TypedColumn, ...], parts: Partition, options: ReadOptions) -> dict[str, TableInput | None]:
    """Return the inputs of the columns that enter the network; None where the training rows have nothing to learn."""
    fitted: dict[str, TableInput | None] = {}
    for each in typed:
        column = each.column
        if each.type == "number" and isinstance(column, Numbers):
            fitted[column.name] = NumberInput.fit(column, parts.train)
        elif each.type == "category" and isinstance(column, Texts):
            fitted[column.name] = CategoryInput.fit(column, parts.train)
        elif each.type == "text" and isinstance(column, Texts):
            fitted[column.name] = TextInput.fit(column, parts.train, options.text_features)
    return fitted


def _encoded(encoder: Encoder, table: Table, parts: Partition) -> NDArray[np.float32]:
    values = np.empty((len(table), *encoder.input_shape), np.float32)
    start = 0
    for each in encoder.inputs:
        width = prod(each.shape)
        if isinstance(each, NumberInput | CategoryInput | TextInput):
            encode_column(each, table.column(each.name).take(parts.order), values[:, start : start + width])
        start += width
    return values


def _check_size(input_shape: tuple[int, ...], rows: int) -> None:
    values = prod(input_shape)
    if values > MAX_INPUTS:
        detail = f"a row becomes {values:,} numbers; the limit is {MAX_INPUTS:,}. Leave out columns with many values"
        raise InvalidFile("too-large", detail)
    if values * rows > MAX_PREPARED_VALUES:
        detail = f"{rows:,} rows of {values:,} numbers are {values * rows:,}; the limit is {MAX_PREPARED_VALUES:,}"
        raise InvalidFile("too-large", f"{detail}. Take fewer rows or columns")


def _column(each: TypedColumn, fitted: TableInput | None) -> Column:
    column = each.column
    uses = {
        "target": "what is predicted",
        "group": "keeps rows together in the split, not an input",
        "identifier": "not an input: it names the row",
        "constant": "not an input: it never changes",
        "ignored": "not an input, as was asked for",
    }
    return Column(
        name=column.name,
        type=each.type,
        missing=int(column.is_missing.sum()),
        distinct=column.distinct,
        examples=column.examples(EXAMPLES),
        use=uses.get(each.type, "not an input: nothing in it could be learned") if fitted is None else fitted.use,
        inputs=0 if fitted is None else prod(fitted.shape),
    )


def _preview(table: Table) -> tuple[tuple[Cell, ...], ...]:
    rows = range(min(PREVIEW_ROWS, len(table)))
    return tuple(tuple(column.cell(row) for column in table.columns) for row in rows)


def _prepare_images(images: Images, options: ReadOptions) -> Prepared:
    for name in ("group_column", "text_columns", "ignored_columns"):
        if getattr(options, name):
            raise InvalidFile("unacceptable", f"{name} is for tables; images have no columns", field=name)
    if options.target not in (None, images.target.name):
        detail = f"the target of such a file is called {images.target.name}; leave the option out"
        raise InvalidFile("unacceptable", detail, field="target")
    cleaned, findings = doctor.without_infinite([images.target])
    target = read_target(cleaned[0], options)
    values = images.values
    if len(target.rows) < len(images):
        values = values[target.rows]
    _check_size(values.shape[1:], len(values))
    equal = equal_images(values)
    parts, noticed = partition(target.classes, equal, None, seed=options.split_seed)
    findings += [*images.findings, *target.findings, *noticed]
    shape = values.shape[1:]
    picture = (
        PictureInput(images.name, options.image_side) if images.kind == "images" else ArrayInput(images.name, shape)
    )
    described = (
        Column(
            name=images.name,
            type="image" if images.kind == "images" else "array",
            missing=0,
            distinct=int(equal.max()) + 1,
            examples=images.examples,
            use=images.use,
            inputs=prod(shape),
        ),
        _column(TypedColumn(cleaned[0], "target"), None),
    )
    preview = tuple((*row, cleaned[0].cell(number)) for number, row in enumerate(images.preview))
    encoder = Encoder((picture,), (images.target.name,))
    return _prepared(images.kind, encoder, values[parts.order], target, parts, equal, described, preview, findings)


def _prepared(
    kind: Kind,
    encoder: Encoder,
    values: NDArray[np.float32],
    target: Target,
    parts: Partition,
    equal: NDArray[np.int64],
    columns: tuple[Column, ...],
    preview: tuple[tuple[Cell, ...], ...],
    findings: list[Finding],
) -> Prepared:
    findings += doctor.examine_target(target, parts)
    findings += doctor.examine_duplicates(target, equal, parts)
    findings += doctor.examine_inputs(prod(encoder.input_shape), len(parts.train))
    targets = target.values[parts.order]
    description = Description(
        kind=kind,
        rows=len(values),
        columns=columns,
        target=target.name,
        task=target.task,
        class_names=target.class_names,
        class_counts=target.class_counts,
        input_shape=encoder.input_shape,
        split=parts.counts,
        findings=doctor.by_severity(findings),
        preview=preview,
        fingerprint=fingerprint(values, targets, target.class_names),
    )
    return Prepared(description, encoder, values, targets)
