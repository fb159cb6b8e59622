"""An uploaded file and what the mapping page says of it, ready to be read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Unpack

from campaign.core.errors import N_, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.directory.countries import country_code_anywhere
from campaign.directory.imports import read_missions, read_officials
from campaign.directory.imports.columns import WHICH, guess
from campaign.directory.imports.read_list import Opened, Shape, View, read_list
from campaign.directory.imports.read_missions import read_json, sending_country_of
from campaign.directory.imports.read_officials import country_of, languages_of, read_popolo
from campaign.directory.imports.read_rows import Reading
from campaign.directory.imports.row_parts import Choices
from campaign.directory.imports.tables import Table, find_lists
from campaign.models.directory import Directory

_MOST_VALUES = 100  # texts that are no country's name for which the mapping page asks


@dataclass(frozen=True, slots=True)
class Source:
    directory: Directory
    opened: Opened
    table: Table | None

    def guesses(self, file_name: str) -> Choices:
        # What was guessed stays a guess until somebody has compared the samples.
        choices = Choices(encoding="" if self.opened.guessed_from else self.opened.encoding)
        choices.sheet = self.opened.book.sheet if self.opened.book else ""
        if self.table is not None:
            choices.mapping = guess(self.table, self.directory)
        if self.opened.shape is Shape.MINISTRY:
            sending = sending_country_of(items_of(self.opened.data))
            choices.fixed = {"sending_country": sending} if sending else {}
        if self.directory is Directory.OFFICIALS and "country" not in choices.mapping:
            home = country_of(self.opened.data, file_name)
            choices.fixed = {"country": home} if home else {}
        return choices

    def refuse_incomplete(self, choices: Choices) -> None:
        """Raise UnreadableFile where no mapping page will ask for what is missing."""
        if self.table is None:
            return
        if self.directory is Directory.MISSIONS:
            read_missions.refuse_incomplete(self.table, choices.mapping, choices.fixed)
        else:
            self.table.refuse_twice(choices.mapping)

    def languages(self) -> list[str]:
        return languages_of(self.opened.data) if self.opened.shape is Shape.POPOLO else []

    def unknown_countries(self, mapping: Sequence[str], lists: Sequence[str]) -> dict[str, int]:
        """Find texts of columns of countries that name none, with how many rows have each."""
        unknown: Counter[str] = Counter()
        table = self.table.with_lists(lists) if self.table else Table([])
        for at, meaning in enumerate(mapping):
            if meaning in {"country", "sending_country", "host_country", WHICH}:
                sender = meaning in {"sending_country", WHICH}
                texts = Counter(" ".join(cells[at].split()) for _row, cells in table.rows)
                for text, count in texts.items():
                    if text and country_code_anywhere(text, sender=sender) is None:
                        unknown[text] += count
        return dict(unknown.most_common(_MOST_VALUES))

    def readings(
        self, choices: Choices, *, today: date, languages: tuple[str, ...] = ()
    ) -> Iterator[Reading]:
        data = self.opened.data
        if self.opened.shape is Shape.POPOLO:
            country = choices.fixed.get("country", "")
            return read_popolo(data, country, language=choices.language, today=today)
        if self.opened.shape is Shape.MINISTRY:
            return read_json(items_of(data), choices.fixed.get("sending_country", ""))
        assert self.table is not None
        table = self.table.with_lists(choices.lists)
        if self.directory is Directory.MISSIONS:
            return read_missions.read_table(table, choices, today=today)
        return read_officials.read_table(table, choices, today=today, languages=languages)


def open_source(data: bytes, directory: Directory, **view: Unpack[View]) -> Source:
    """Open the file as a source for that directory, as `read_list` does. Raises UnreadableFile."""
    opened, table = run_apart(read_list, data, **view)
    if opened.shape is Shape.POPOLO and directory is Directory.MISSIONS:
        raise UnreadableFile(N_("This is a list of people. Import it with the officials."))
    if opened.shape is Shape.MINISTRY and directory is Directory.OFFICIALS:
        raise UnreadableFile(N_("This is a list of missions. Import it with the missions."))
    if table is not None and not table.rows and not table.problems:
        raise UnreadableFile(
            N_("The file has a first line, but no rows below it. Add the rows and upload it again.")
        )
    return Source(directory, opened, table)


def items_of(data: object) -> list[object]:
    return next(iter(find_lists(data).values()), [])
