"""Rows and columns, from CSV, a JSON list of objects, or vCards. Pure.

vCards (3 and 4) as a table: a row a card. Pure.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

import vobject
from vobject.base import ParseError, VObjectError

from campaign.directory.imports.read_rows import N_, Fault, RowProblem, UnreadableFile
from campaign.web.spreadsheets import plain

MAX_ROWS = 30_000
_MAX_COLUMNS = 120
_DELIMITERS = ",;\t|"
_SNIFFED = 20
"""Rows from which the delimiter is found."""
_TITLES = 10
"""Lines above the heads that are looked past to find the delimiter."""
LIST_COLUMN = "(list)"
"""The column with the key of the list that a row is from, where a JSON file has several."""
OURS = "# "
"""How heads of columns begin that we put in front of refused rows; they are not read again."""
_LONGEST_CELL = 20_000
_NESTED = 3


@dataclass(slots=True)
class Table:
    """A file as a table; `rows` have their number as a person counts, and a cell a column."""

    columns: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    delimiter: str = ""
    head: int = 1
    """The row that has the heads."""
    lists: Mapping[str, int] = field(default_factory=dict)
    """Lists of a JSON file by their keys, with how many rows each has."""

    def only(self, wanted: Sequence[str]) -> "Table":
        """The same with the rows of these lists alone; all where none is named."""
        if len(self.lists) < 2 or not wanted:
            return self
        at = self.columns.index(LIST_COLUMN)
        rows = [row for row in self.rows if row[1][at] in wanted]
        return replace(self, rows=rows)

    def empty_cells(self, column: int) -> int:
        """How many rows say nothing in that column."""
        return sum(not cells[column].strip() for _row, cells in self.rows)

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
                    N_(
                        "The column “%(name)s” is there twice (columns %(first)d and %(second)d); "
                        "rename or remove one."
                    ),
                    name=name,
                    first=at[0] + 1,
                    second=at[1] + 1,
                )


def table_of_csv(text: str, *, head: int = 0) -> Table:
    """The table of a CSV file; the delimiter is the one that makes most of its first rows.

    Raises UnreadableFile where it is no table, or too long.
    """
    delimiter = _delimiter(text)
    table = table_of_rows(_rows_of_csv(text, delimiter), head=head)
    table.delimiter = delimiter
    return table


def table_of_rows(rows: Iterable[tuple[int, Sequence[str]]], *, head: int = 0) -> Table:
    """The table of rows with their numbers. The heads are in row `head`, or where they seem to be.

    Raises UnreadableFile where it is no table, or too long.
    """
    rest = iter(rows)
    first = [row for row in islice(rest, _SNIFFED) if any(cell.strip() for cell in row[1])]
    at = (
        next((at for at, row in enumerate(first) if row[0] >= head), 0) if head else _head_at(first)
    )
    number, heading = first[at] if first else (1, [])
    columns = [name.strip() for name in heading]
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > _MAX_COLUMNS:
        raise UnreadableFile(
            N_("The first line has %(count)d columns; at most %(limit)d are read."),
            count=len(columns),
            limit=_MAX_COLUMNS,
        )
    ours = next((at for at, name in enumerate(columns) if not name.startswith(OURS)), len(columns))
    table = Table(columns[ours:], head=number)
    _read_rows(chain(first[at + 1 :], rest), table, ours)
    return table


def lists_of(data: Any) -> dict[str, list[Any]]:
    """The lists of objects that a JSON file holds, by their keys; one that is all has none."""
    if isinstance(data, list):
        return {"": data}
    if not isinstance(data, dict):
        return {}
    found: dict[str, list[Any]] = {}
    for key, value in data.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            found[str(key)] = value
        elif isinstance(value, dict):
            found |= {
                f"{key}.{inner}": items
                for inner, items in value.items()
                if isinstance(items, list) and any(isinstance(one, dict) for one in items)
            }
    if not found and len(data) > 1 and all(isinstance(value, dict) for value in data.values()):
        return {"": [{"key": str(key)} | value for key, value in data.items()]}
    return found


def table_of_objects(data: Any) -> Table:
    """The table of a JSON list of objects: a column a key, in the order in which they come.

    Of several lists, the first column is the list's own key.
    """
    lists = lists_of(data)
    table = Table([], lists={key: len(items) for key, items in lists.items()})
    own = {LIST_COLUMN: 0} if len(lists) > 1 else {}
    places: dict[str, int] = dict(own)
    flat: list[tuple[int, dict[str, str]]] = []
    pairs = ((key, item) for key, items in lists.items() for item in items)
    for row, (key, item) in enumerate(pairs, 1):
        if not isinstance(item, dict):
            table.problems.append(
                RowProblem(row, "", Fault(N_("is no object; write {…} with a key a field.")))
            )
            continue
        cells = _flat(item) | dict.fromkeys(own, key)
        for name in cells:
            places.setdefault(name, len(places))
        flat.append((row, cells))
        _refuse_too_many(len(flat))
    if len(places) > _MAX_COLUMNS:
        raise UnreadableFile(
            N_("The objects have %(count)d different keys; at most %(limit)d are read."),
            count=len(places),
            limit=_MAX_COLUMNS,
        )
    table.columns = list(places)
    table.rows = [(row, [cells.get(name, "") for name in places]) for row, cells in flat]
    return table


def _rows_of_csv(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the line on which it begins. Raises UnreadableFile."""
    csv.field_size_limit(131_072)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as problem:
        raise UnreadableFile(
            N_(
                "Row %(row)d is no CSV (a quotation mark that is not closed, perhaps); save the "
                "file anew."
            ),
            row=max(1, reader.line_num),
        ) from problem


def _head_at(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Which row has the heads: the first with more than half as many cells as the fullest has.

    Above it are the title of the list, and its day.
    """
    filled = [sum(bool(cell.strip()) for cell in cells) for _number, cells in rows]
    most = max(filled, default=0)
    return next((at for at, count in enumerate(filled) if count * 2 > most), 0)


def _read_rows(rows: Iterable[tuple[int, Sequence[str]]], table: Table, ours: int) -> None:
    """Take the rows below the heads in; the first `ours` cells of each are not the file's."""
    width = len(table.columns)
    for row, given in rows:
        if not any(cell.strip() for cell in given):
            continue
        cells = [plain(cell) for cell in given[ours:]]
        _refuse_too_many(len(table.rows) + len(table.problems) + 1)
        if any(cell.strip() for cell in cells[width:]):
            fault = Fault(
                N_(
                    "has %(count)d cells, but the first line names %(limit)d columns; put "
                    "a text that holds the delimiter in quotation marks."
                ),
                {"count": len(cells), "limit": width},
            )
            table.problems.append(
                RowProblem(row, "", fault, tuple(table.columns), tuple(cells[:_MAX_COLUMNS]))
            )
            continue
        long = next((at for at, cell in enumerate(cells) if len(cell) > _LONGEST_CELL), None)
        if long is not None:
            fault = Fault(
                N_("has more than %(limit)d characters; close its quotation mark, or shorten it."),
                {"limit": _LONGEST_CELL},
            )
            table.problems.append(RowProblem(row, table.columns[long], fault))
            continue
        table.rows.append((row, (cells + [""] * width)[:width]))


def _delimiter(text: str) -> str:
    """The one that cuts most rows into as many cells as the heads, and most of these.

    A title above the heads has none, or another: where no row is like the first one, the next is
    taken for the heads.
    """
    lines = text.splitlines()[: _SNIFFED + 1]
    for first in range(max(1, min(len(lines) - 1, _TITLES))):
        worth, best = max((_worth(lines[first:], one), one) for one in reversed(_DELIMITERS))
        if worth[0] > 0:
            return best
    return max(_DELIMITERS, key=lambda one: _worth(lines, one))


def _worth(lines: Sequence[str], delimiter: str) -> tuple[int, int, int]:
    """How well a delimiter cuts: other rows like the first, all of them, cells of the first."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return 0, 0, 0
    width = len(rows[0]) if rows else 0
    alike = sum(len(row) == width for row in rows if row)
    return ((alike - 1) * (width - 1), alike * (width - 1), width) if width > 1 else (0, 0, 0)


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


COLUMNS = (
    "Full name", "Honorific prefix", "Given name", "Family name", "Organization", "Title",
    "E-mail", "Telephone", "Fax", "Website", "X handle", "Street", "City", "Region",
    "Postal code", "Country", "Language", "Source ID",
)  # fmt: skip
"""What a card says, by names of columns that `meanings` knows."""


def table_of_cards(text: str) -> Table:
    """The cards as rows. One that cannot be read is a problem; the others are read.

    Raises UnreadableFile where there are none, or too many.
    """
    table = Table(list(COLUMNS))
    for number, card in enumerate(_cards(text), 1):
        if number > MAX_ROWS:
            raise UnreadableFile(
                N_("The file has more than %(limit)d rows; split it into several."), limit=MAX_ROWS
            )
        if not card.rstrip().casefold().endswith("end:vcard"):
            cut = Fault(N_("ends before its last line: the file is cut off. Save it anew."))
            table.problems.append(RowProblem(number, "", cut))
            continue
        try:
            component = vobject.readOne(card)
            if component is None or component.name.upper() != "VCARD":
                raise ParseError("no card")
            said = _said(component)
        except (VObjectError, ValueError, AttributeError, TypeError, IndexError, KeyError):
            # The library gives up in many ways on what is no card.
            fault = Fault(N_("cannot be read as a vCard; save it anew from your address book."))
            table.problems.append(RowProblem(number, "", fault))
            continue
        table.rows.append((number, [said.get(name, "") for name in COLUMNS]))
    if not table.rows and not table.problems:
        raise UnreadableFile(N_("The file holds no vCard."))
    return table


def _cards(text: str) -> Iterator[str]:
    """Each card's own lines, so that a broken one does not take the rest along."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip().casefold() == "begin:vcard" and lines:
            yield "\r\n".join(lines) + "\r\n"
            lines = []
        if line.strip() or lines:
            lines.append(line)
        if line.strip().casefold() == "end:vcard":
            yield "\r\n".join(lines) + "\r\n"
            lines = []
    if any(line.strip() for line in lines):
        yield "\r\n".join(lines) + "\r\n"


def _said(card: Any) -> dict[str, str]:
    said: dict[str, str] = {"Full name": _text(card, "fn")}
    if "n" in card.contents:
        name = card.contents["n"][0].value
        said["Honorific prefix"] = _joined(getattr(name, "prefix", ""))
        said["Given name"] = _joined(getattr(name, "given", ""))
        said["Family name"] = _joined(getattr(name, "family", ""))
    said["Organization"] = _joined(_value(card, "org"), ", ")
    said["Title"] = _text(card, "title") or _text(card, "role")
    if _text(card, "kind").casefold() == "org":
        said["Organization"] = said["Organization"] or said["Full name"]
        said["Full name"] = ""
    said["E-mail"] = "|".join(_joined(one.value) for one in card.contents.get("email", []))
    said["Website"] = "|".join(_joined(one.value) for one in card.contents.get("url", []))
    for number in card.contents.get("tel", []):
        column = "Fax" if "fax" in _types(number) else "Telephone"
        said[column] = "|".join(filter(None, (said.get(column), _joined(number.value))))
    for profile in card.contents.get("x-socialprofile", []):
        if _types(profile) & {"twitter", "x"}:
            said["X handle"] = _joined(profile.value)
    if address := _value(card, "adr"):
        said |= _address(address)
    said["Language"] = _text(card, "lang")
    said["Source ID"] = _text(card, "uid").removeprefix("urn:uuid:")
    return said


def _address(address: Any) -> dict[str, str]:
    lines = (_joined(getattr(address, name, ""), "\n") for name in ("box", "extended", "street"))
    return {
        "Street": "\n".join(line for line in lines if line),
        "City": _joined(getattr(address, "city", "")),
        "Region": _joined(getattr(address, "region", "")),
        "Postal code": _joined(getattr(address, "code", "")),
        "Country": _joined(getattr(address, "country", "")),
    }


def _value(card: Any, name: str) -> Any:
    found = card.contents.get(name)
    return found[0].value if found else ""


def _text(card: Any, name: str) -> str:
    return _joined(_value(card, name))


def _joined(value: Any, between: str = " ") -> str:
    if isinstance(value, list | tuple):
        return between.join(text for one in value if (text := _joined(one)))
    return str(value).strip() if isinstance(value, str) else ""


def _types(line: Any) -> set[str]:
    return {str(one).casefold() for one in line.params.get("TYPE", [])} | {
        str(one).casefold() for one in line.singletonparams
    }
