"""From the bytes of a file of any sort to a table, where it is one. Pure; run by `run_apart`."""

from dataclasses import replace

from campaign.core.unreadable_file import N_, UnreadableFile
from campaign.directory.imports.file_types import Opened, Shape, open_file
from campaign.directory.imports.tables import (
    LONGEST_CELL,
    Table,
    table_of_csv,
    table_of_objects,
    table_of_rows,
)
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
    if opened.shape in {Shape.POPOLO, Shape.MINISTRY}:
        _refuse_long_texts(opened.data)
    table = _table_of(opened, head)
    book = replace(opened.book, rows=()) if opened.book else None
    return replace(opened, text="", book=book), table


def _refuse_long_texts(data: object) -> None:
    """Raise UnreadableFile where a text is longer than a table's cell may be."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and len(value) > LONGEST_CELL:
            raise UnreadableFile(
                N_("A text in the file has more than %(limit)d characters. Shorten it."),
                limit=LONGEST_CELL,
            )


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
