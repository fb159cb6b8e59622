"""Rows and columns, from CSV, a JSON list of objects, or vCards. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from campaign.officials.readings import N_, Fault, RowProblem, UnreadableFile

MAX_ROWS = 30_000
_MAX_COLUMNS = 120
_DELIMITERS = ",;\t|"
_SNIFFED = 20
"""Rows from which the delimiter is found."""
_LONGEST_CELL = 20_000
_NESTED = 3


@dataclass(slots=True)
class Table:
    """A file as a table; `rows` have their number as a person counts, and a cell a column."""

    columns: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    delimiter: str = ""

    def samples(self, column: int, count: int = 3) -> list[str]:
        """The first different texts that the column has."""
        found: dict[str, None] = {}
        for _row, cells in self.rows[:500]:
            if cells[column].strip():
                found.setdefault(cells[column].strip())
            if len(found) == count:
                break
        return list(found)

    def twice(self) -> list[str]:
        """Names that several columns have."""
        names = Counter(name.casefold() for name in self.columns if name)
        return [name for name, count in names.items() if count > 1]

    def refuse_twice(self, mapping: Sequence[str]) -> None:
        """Raise UnreadableFile where two columns of one name are read."""
        for name in self.twice():
            at = [place for place, column in enumerate(self.columns) if column.casefold() == name]
            if any(mapping[place] for place in at):
                raise UnreadableFile(
                    N_("The column “%(name)s” is there twice (columns %(first)d and %(second)d); "
                       "rename or remove one."), name=name, first=at[0] + 1, second=at[1] + 1,
                )  # fmt: skip


def table_of_csv(text: str) -> Table:
    """The table of a CSV file; the delimiter is the one that makes most of its first rows.

    Raises UnreadableFile where it is no table, or too long.
    """
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    csv.field_size_limit(131_072)
    try:
        heading = next(reader, [])
        columns = [name.strip() for name in heading]
        if len(columns) > _MAX_COLUMNS:
            raise UnreadableFile(
                N_("The first line has %(count)d columns; at most %(limit)d are read."),
                count=len(columns), limit=_MAX_COLUMNS,
            )  # fmt: skip
        table = Table(columns, delimiter=delimiter)
        _read_rows(reader, table)
    except csv.Error as problem:
        raise UnreadableFile(
            N_("Row %(row)d is no CSV (a quotation mark that is not closed, perhaps); save the "
               "file anew."), row=max(1, reader.line_num),
        ) from problem  # fmt: skip
    return table


def table_of_objects(data: Any) -> Table:
    """The table of a JSON list of objects: a column a key, in the order in which they come."""
    items = data if isinstance(data, list) else next(
        (value for value in data.values() if isinstance(value, list)), []
    )  # fmt: skip
    table = Table([])
    places: dict[str, int] = {}
    flat: list[tuple[int, dict[str, str]]] = []
    for row, item in enumerate(items, 1):
        if not isinstance(item, dict):
            table.problems.append(
                RowProblem(row, "", Fault(N_("is no object; write {…} with a key a field.")))
            )
            continue
        cells = _flat(item)
        for name in cells:
            places.setdefault(name, len(places))
        flat.append((row, cells))
        _refuse_too_many(len(flat))
    if len(places) > _MAX_COLUMNS:
        raise UnreadableFile(
            N_("The objects have %(count)d different keys; at most %(limit)d are read."),
            count=len(places), limit=_MAX_COLUMNS,
        )  # fmt: skip
    table.columns = list(places)
    table.rows = [(row, [cells.get(name, "") for name in places]) for row, cells in flat]
    return table


def _read_rows(reader: Any, table: Table) -> None:
    width, start = len(table.columns), reader.line_num + 1
    for cells in reader:
        row, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        _refuse_too_many(len(table.rows) + len(table.problems) + 1)
        if any(cell.strip() for cell in cells[width:]):
            table.problems.append(
                RowProblem(
                    row, "", Fault(
                        N_("has %(count)d cells, but the first line names %(limit)d columns; put "
                           "a text that holds the delimiter in quotation marks."),
                        {"count": len(cells), "limit": width},
                    ),
                )
            )  # fmt: skip
            continue
        long = next((at for at, cell in enumerate(cells) if len(cell) > _LONGEST_CELL), None)
        if long is not None:
            table.problems.append(
                RowProblem(
                    row, table.columns[long], Fault(
                        N_("has more than %(limit)d characters: is a quotation mark not closed?"),
                        {"limit": _LONGEST_CELL},
                    ),
                )
            )  # fmt: skip
            continue
        table.rows.append((row, (cells + [""] * width)[:width]))


def _delimiter(text: str) -> str:
    """The one that cuts most rows into as many cells as the first line, and most of these."""
    lines = "\n".join(text.splitlines()[: _SNIFFED + 1])

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            rows = list(csv.reader(io.StringIO(lines), delimiter=delimiter))
        except csv.Error:
            return 0, 0
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows if row)
        return (alike * (width - 1), width) if width > 1 else (0, 0)

    return max(_DELIMITERS, key=worth)


def _refuse_too_many(count: int) -> None:
    if count > MAX_ROWS:
        raise UnreadableFile(
            N_("The file has more than %(limit)d rows; split it into several."), limit=MAX_ROWS
        )


def _flat(item: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """An object's fields as texts: lists with bars between, objects within as `address.city`."""
    cells: dict[str, str] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"[:80]
        if isinstance(value, dict) and depth < _NESTED:
            cells |= _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            plain = [str(one) for one in value if isinstance(one, str | int | float)]
            cells[name] = "|".join(plain)
        elif value is None or isinstance(value, dict | bool):
            cells[name] = ""
        else:
            cells[name] = str(value)
    return cells
