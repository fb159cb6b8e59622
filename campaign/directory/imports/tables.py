"""Rows and columns, from CSV, a JSON list of objects, or vCards. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

import vobject
from vobject.base import ParseError, VObjectError

from campaign.core.errors import N_, Fault, UnreadableFile
from campaign.core.text.desk_texts import read_number
from campaign.core.text.inert_cells import plain
from campaign.directory.imports.row_problems import RowProblem

MAX_ROWS = 30_000
_MAX_COLUMNS = 120
_DELIMITERS = ",;\t|"
_SNIFFED = 20  # rows from which the delimiter is found
_TITLES = 10  # lines above the heads that are looked past to find the delimiter
LIST_COLUMN = "(list)"
OURS = "# "
"""How heads of columns begin that we put in front of refused rows; they are not read again."""
LONGEST_CELL = 20_000
_NESTED = 3
_CARD_NAMES = {"prefix": "Honorific prefix", "given": "Given name", "family": "Family name"}
_CARD_PLACES = {"city": "City", "region": "Region", "code": "Postal code", "country": "Country"}
_CARD_COLUMNS = [
    "Full name", "Honorific prefix", "Given name", "Family name", "Organization", "Title",
    "E-mail", "Telephone", "Fax", "Website", "X handle", "Street", "City", "Region",
    "Postal code", "Country", "Language", "Source ID",
]  # fmt: skip


@dataclass(slots=True)
class Table:
    """A file as a table; `rows` have their number as a person counts, and a cell a column."""

    columns: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    delimiter: str = ""
    head: int = 1  # the row that has the heads
    lists: Mapping[str, int] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    """Of a file of refused rows, the number that we put in front of each."""

    def with_lists(self, keys: Sequence[str]) -> "Table":
        """Return the same with the rows of these lists alone; all where none is named."""
        if len(self.lists) < 2 or not keys:
            return self
        at = self.columns.index(LIST_COLUMN)
        rows = [row for row in self.rows if row[1][at] in keys]
        return replace(self, rows=rows)

    def list_unread(self, mapping: Mapping[int, str]) -> list[str]:
        """List the columns with anything in them that mean nothing to us, by their places."""
        return [
            name or str(at + 1)
            for at, name in enumerate(self.columns)
            if not mapping.get(at)
            and not name.startswith((OURS, LIST_COLUMN))
            and self.count_empty_cells(at) < len(self.rows)
        ]

    def count_empty_cells(self, column: int) -> int:
        return sum(not cells[column].strip() for _row, cells in self.rows)

    def samples(self, column: int, count: int = 3) -> list[str]:
        """List the first different texts that the column has."""
        texts = (cells[column].strip() for _row, cells in self.rows[:500])
        return list(islice(dict.fromkeys(filter(None, texts)), count))

    def list_repeated_names(self) -> list[str]:
        names = Counter(name.casefold() for name in self.columns if name)
        return [name for name, count in names.items() if count > 1]

    def refuse_twice(self, mapping: Sequence[str]) -> None:
        """Raise UnreadableFile where two columns of one name are read."""
        for name in self.list_repeated_names():
            at = [place for place, column in enumerate(self.columns) if column.casefold() == name]
            if any(mapping[place] for place in at):
                raise UnreadableFile(
                    N_(
                        "There are two columns “%(name)s” (columns %(first)d and %(second)d). "
                        "Rename or remove one of them."
                    ),
                    name=name,
                    first=at[0] + 1,
                    second=at[1] + 1,
                )


def table_of_csv(text: str, *, head: int = 0) -> Table:
    """Raises UnreadableFile where it is no table, or too long."""
    delimiter = _find_delimiter(text)
    table = table_of_rows(_read_csv(text, delimiter), head=head)
    table.delimiter = delimiter
    return table


def table_of_rows(rows: Iterable[tuple[int, Sequence[str]]], *, head: int) -> Table:
    """The heads are in row `head`, or where they seem to be. Raises UnreadableFile."""
    rest = iter(rows)
    first = [row for row in islice(rest, _SNIFFED) if any(cell.strip() for cell in row[1])]
    at = _find_head(first)
    if head:
        at = next((place for place, row in enumerate(first) if row[0] >= head), 0)
    number, heading = first[at] if first else (1, [])
    columns = [name.strip() for name in heading]
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > _MAX_COLUMNS:
        raise UnreadableFile(
            N_("The first line has %(count)d columns. Use at most %(limit)d."),
            count=len(columns),
            limit=_MAX_COLUMNS,
        )
    ours = next((at for at, name in enumerate(columns) if not name.startswith(OURS)), len(columns))
    table = Table(columns[ours:], head=number)
    _read_rows(chain(first[at + 1 :], rest), table, ours)
    return table


def find_lists(data: object) -> dict[str, list[object]]:
    """Find the lists of objects that a JSON file holds, by their keys; one that is all has none."""
    if isinstance(data, list):
        return {"": data}
    if not isinstance(data, dict):
        return {}
    lists: dict[str, list[object]] = {}
    for key, value in data.items():
        if _is_list_of_objects(value):
            lists[str(key)] = value
        elif isinstance(value, dict):
            lists |= {
                f"{key}.{inner}": items
                for inner, items in value.items()
                if _is_list_of_objects(items)
            }
    if not lists and len(data) > 1 and all(isinstance(value, dict) for value in data.values()):
        return {"": [{"key": str(key)} | value for key, value in data.items()]}
    return lists


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def table_of_objects(data: object) -> Table:
    lists = find_lists(data)
    table = Table([], lists={key: len(items) for key, items in lists.items()})
    own = [LIST_COLUMN] if len(lists) > 1 else []
    columns: dict[str, None] = dict.fromkeys(own)
    flat: list[tuple[int, dict[str, str]]] = []
    pairs = ((key, item) for key, items in lists.items() for item in items)
    for row, (key, item) in enumerate(pairs, 1):
        if not isinstance(item, dict):
            no_object = N_("This row is not an object. Write {…} with one key for each field.")
            table.problems.append(RowProblem(row, "", Fault(no_object)))
            continue
        cells = _flatten(item) | dict.fromkeys(own, key)
        columns |= dict.fromkeys(cells)
        if problem := find_long_cell(row, cells):
            table.problems.append(problem)
            continue
        flat.append((row, cells))
        refuse_too_many(len(flat))
    if len(columns) > _MAX_COLUMNS:
        raise UnreadableFile(
            N_("The objects have %(count)d different keys. Use at most %(limit)d."),
            count=len(columns),
            limit=_MAX_COLUMNS,
        )
    table.columns = list(columns)
    table.rows = [(row, [cells.get(name, "") for name in columns]) for row, cells in flat]
    return table


def _read_csv(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Read the rows, each with the line on which it begins. Raises UnreadableFile."""
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
                "Row %(row)d is not valid CSV. A quotation mark may be missing. Save the file "
                "again."
            ),
            row=max(1, reader.line_num),
        ) from problem


def _find_head(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Find the first row with more than half as many cells as the fullest: titles are above it."""
    filled = [sum(bool(cell.strip()) for cell in cells) for _number, cells in rows]
    most = max(filled, default=0)
    return next((at for at, count in enumerate(filled) if count * 2 > most), 0)


def _read_rows(rows: Iterable[tuple[int, Sequence[str]]], table: Table, ours: int) -> None:
    width = len(table.columns)
    for row, given in rows:
        if not any(cell.strip() for cell in given):
            continue
        cells = [plain(cell) for cell in given[ours:]]
        refuse_too_many(len(table.rows) + len(table.problems) + 1)
        if ours and (number := read_number(given[0].strip(), 6)):
            table.numbers[row] = number
        if any(cell.strip() for cell in cells[width:]):
            fault = Fault(
                N_(
                    "This row has %(count)d cells, but the first line names %(limit)d columns. "
                    "Put texts that contain the separator in quotation marks."
                ),
                {"count": len(cells), "limit": width},
            )
            table.problems.append(
                RowProblem(row, "", fault, tuple(table.columns), tuple(cells[:_MAX_COLUMNS]))
            )
            continue
        if problem := find_long_cell(row, dict(zip(table.columns, cells, strict=False))):
            table.problems.append(problem)
            continue
        table.rows.append((row, (cells + [""] * width)[:width]))


def _find_delimiter(text: str) -> str:
    """Find the one that cuts most rows alike; lines above the heads may have another or none."""
    lines = text.splitlines()[: _SNIFFED + 1]
    for first in range(max(1, min(len(lines) - 1, _TITLES))):
        worth, best = max((_rate(lines[first:], mark), mark) for mark in reversed(_DELIMITERS))
        if worth[0] > 0:
            return best
    return max(_DELIMITERS, key=lambda mark: _rate(lines, mark))


def _rate(lines: Sequence[str], delimiter: str) -> tuple[int, int, int]:
    """Rate how a delimiter cuts: other rows like the first, all of them, cells of the first."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return 0, 0, 0
    width = len(rows[0]) if rows else 0
    alike = sum(len(row) == width for row in rows if row)
    return ((alike - 1) * (width - 1), alike * (width - 1), width) if width > 1 else (0, 0, 0)


def find_long_cell(row: int, cells: Mapping[str, str]) -> RowProblem | None:
    column = next((name for name, cell in cells.items() if len(cell) > LONGEST_CELL), None)
    if column is None:
        return None
    fault = Fault(
        N_("This row has more than %(limit)d characters. Close its quotation mark, or shorten it."),
        {"limit": LONGEST_CELL},
    )
    return RowProblem(row, column, fault)


def refuse_too_many(count: int) -> None:
    if count > MAX_ROWS:
        raise UnreadableFile(
            N_("The file has more than %(limit)d rows. Split it into several files."),
            limit=MAX_ROWS,
        )


def _flatten(item: dict[str, object], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Return an object's fields as texts: lists with bars between, objects as `address.city`."""
    cells: dict[str, str] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"[:80]
        if isinstance(value, dict) and depth < _NESTED:
            cells |= _flatten(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            cells[name] = "|".join(
                str(item) for item in value if isinstance(item, str | int | float)
            )
        elif value is None or isinstance(value, dict | bool):
            cells[name] = ""
        else:
            cells[name] = str(value)
    return cells


def table_of_cards(text: str) -> Table:
    """Raises UnreadableFile where there are no cards, or too many."""
    table = Table(list(_CARD_COLUMNS))
    for number, card in enumerate(_split_cards(text), 1):
        refuse_too_many(number)
        if not card.rstrip().casefold().endswith("end:vcard"):
            cut = Fault(N_("This vCard has no end, so the file is incomplete. Save it again."))
            table.problems.append(RowProblem(number, "", cut))
            continue
        try:
            component = vobject.readOne(card)
            if component is None or component.name.upper() != "VCARD":
                raise ParseError("no card")
            texts = _read_card(component)
        except (VObjectError, ValueError, AttributeError, TypeError, IndexError, KeyError):
            # The library gives up in many ways on what is no card.
            fault = Fault(N_("We cannot read this vCard. Save it again from your address book."))
            table.problems.append(RowProblem(number, "", fault))
            continue
        if problem := find_long_cell(number, texts):
            table.problems.append(problem)
            continue
        table.rows.append((number, [texts.get(name, "") for name in _CARD_COLUMNS]))
    if not table.rows and not table.problems:
        raise UnreadableFile(N_("The file has no vCards."))
    return table


def _split_cards(text: str) -> Iterator[str]:
    """Return each card's own lines, so that a broken one does not take the rest along."""
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


def _read_card(card: Any) -> dict[str, str]:
    texts: dict[str, str] = {"Full name": _get_text(card, "fn")}
    if "n" in card.contents:
        for part, column in _CARD_NAMES.items():
            texts[column] = _join(getattr(card.contents["n"][0].value, part, ""))
    texts["Organization"] = _join(_get_value(card, "org"), ", ")
    texts["Title"] = _get_text(card, "title") or _get_text(card, "role")
    if _get_text(card, "kind").casefold() == "org":
        texts["Organization"] = texts["Organization"] or texts["Full name"]
        texts["Full name"] = ""
    texts["E-mail"] = "|".join(_join(line.value) for line in card.contents.get("email", []))
    texts["Website"] = "|".join(_join(line.value) for line in card.contents.get("url", []))
    for number in card.contents.get("tel", []):
        column = "Fax" if "fax" in _get_types(number) else "Telephone"
        texts[column] = "|".join(filter(None, (texts.get(column), _join(number.value))))
    for profile in card.contents.get("x-socialprofile", []):
        if _get_types(profile) & {"twitter", "x"}:
            texts["X handle"] = _join(profile.value)
    if address := _get_value(card, "adr"):
        lines = (_join(getattr(address, name, ""), "\n") for name in ("box", "extended", "street"))
        texts["Street"] = "\n".join(line for line in lines if line)
        for part, column in _CARD_PLACES.items():
            texts[column] = _join(getattr(address, part, ""))
    texts["Language"] = _get_text(card, "lang")
    texts["Source ID"] = _get_text(card, "uid").removeprefix("urn:uuid:")
    return texts


def _get_value(card: Any, name: str) -> Any:
    lines = card.contents.get(name)
    return lines[0].value if lines else ""


def _get_text(card: Any, name: str) -> str:
    return _join(_get_value(card, name))


def _join(value: object, between: str = " ") -> str:
    if isinstance(value, list | tuple):
        return between.join(text for part in value if (text := _join(part)))
    return str(value).strip() if isinstance(value, str) else ""


def _get_types(line: Any) -> set[str]:
    words = (*line.params.get("TYPE", ()), *line.singletonparams)
    return {str(word).casefold() for word in words}
