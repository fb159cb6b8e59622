"""Lists of people, in files read as those of the directory are: who signed on paper, members."""

from collections.abc import Mapping, Sequence

from campaign.core.errors import N_, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.core.text.desk_texts import read_number
from campaign.core.text.fold import fold_name
from campaign.directory.imports.read_list import Opened, Shape, read_list
from campaign.directory.imports.tables import Table

MAX_ROWS = 20_000
"""All rows go in at once or not at all, and people sign meanwhile: more would make them wait."""


def open_list(
    data: bytes, *, encoding: str = "", sheet: str = "", head: str = ""
) -> tuple[Opened, Table]:
    """Return the file, read as said or as it seems to be, and its table. Raises UnreadableFile."""
    row = read_number(head) or 0
    opened, table = run_apart(read_list, data, encoding=encoding, sheet=sheet, head=row)
    if opened.shape is not Shape.TABLE or table is None:
        raise UnreadableFile(
            N_(
                "We read only CSV (UTF-8), XLSX, XLS and ODS files. Save the list in one of these "
                "formats."
            )
        )
    if len(table.rows) > MAX_ROWS:
        raise UnreadableFile(
            N_("The file has more than %(limit)d rows. Split it into several files."),
            limit=MAX_ROWS,
        )
    return opened, table


def guess_meanings(columns: Sequence[str], names: Mapping[str, str]) -> dict[int, str]:
    """Guess by their folded names what columns mean, the first of two that mean the same."""
    meanings: dict[int, str] = {}
    for at, name in enumerate(columns):
        meaning = names.get(fold_name(name), "")
        if meaning and meaning not in meanings.values():
            meanings[at] = meaning
    return meanings
