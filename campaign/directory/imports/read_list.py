"""From the bytes of a file of any sort to a table, where it is one. Pure; run by `run_apart`."""

from dataclasses import replace

from campaign.directory.imports.file_types import Opened, Shape, open_file
from campaign.directory.imports.tables import Table, table_of_csv, table_of_objects, table_of_rows
from campaign.directory.imports.vcards import table_of_cards


def read_list(
    data: bytes,
    *,
    encoding: str = "",
    guess: bool = True,
    size: int | None = None,
    sheet: str = "",
    head: int = 0,
) -> tuple[Opened, Table | None]:
    """Return what the file is, without its text, and its table. Raises UnreadableFile.

    `head` is the row that has the heads; 0: where they seem to be. The rest is `open_file`'s.
    """
    opened = open_file(data, encoding=encoding, guess=guess, size=size, sheet=sheet)
    table = _table_of(opened, head)
    book = replace(opened.book, rows=()) if opened.book else None
    return replace(opened, text="", book=book), table


def _table_of(opened: Opened, head: int) -> Table | None:
    if opened.book:
        return table_of_rows(opened.book.rows, head=head)
    if opened.shape is Shape.TABLE:
        return table_of_csv(opened.text, head=head)
    if opened.shape is Shape.CARDS:
        return table_of_cards(opened.text)
    if opened.shape is Shape.OBJECTS:
        return table_of_objects(opened.data)
    return None
