"""An uploaded file and what the mapping page says of it, ready to be read. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from campaign.officials import read_missions, read_official_tables
from campaign.officials.cards import table_of_cards
from campaign.officials.files import Opened, Shape, open_file
from campaign.officials.import_models import Directory
from campaign.officials.meanings import guess
from campaign.officials.read_missions import read_json, sending_country_of
from campaign.officials.read_officials import country_of, languages_of, read_popolo
from campaign.officials.readings import (
    N_,
    MissionRecord,
    OfficialRecord,
    RowProblem,
    UnreadableFile,
)
from campaign.officials.tables import Table, table_of_csv, table_of_objects

Reading = MissionRecord | OfficialRecord | RowProblem


@dataclass(slots=True)
class Choices:
    """What the mapping page decides; kept as JSON."""

    encoding: str = ""
    mapping: list[str] = field(default_factory=list)
    """What each column means, by place; empty: it is not read."""
    fixed: dict[str, str] = field(default_factory=dict)
    """What holds for all rows where the row says nothing: countries by code, a kind."""
    language: str = "en"
    """Of the names that an envelope has, where a file has several."""
    replace: bool = False
    """Whether the file's word counts where ours differs."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was opened, for one directory."""

    directory: Directory
    opened: Opened
    table: Table | None

    def guesses(self, file_name: str) -> Choices:
        """What we would say on the mapping page."""
        # What was guessed stays a guess until somebody has compared the samples.
        choices = Choices(encoding="" if self.opened.guessed_from else self.opened.encoding)
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
        """Languages in which the file has names, where it says."""
        return languages_of(self.opened.data) if self.opened.shape is Shape.POPOLO else []

    def readings(
        self, choices: Choices, *, today: date, languages: tuple[str, ...] = ()
    ) -> Iterator[Any]:
        """Records and refused rows, in the file's order."""
        if self.opened.shape is Shape.POPOLO:
            return read_popolo(
                self.opened.data, choices.fixed.get("country", ""), language=choices.language,
                today=today,
            )  # fmt: skip
        if self.opened.shape is Shape.MINISTRY:
            sending = choices.fixed.get("sending_country", "")
            return read_json(items_of(self.opened.data), sending)
        assert self.table is not None
        if self.directory is Directory.MISSIONS:
            return read_missions.read_table(self.table, choices.mapping, choices.fixed, today=today)
        return read_official_tables.read_table(
            self.table, choices.mapping, choices.fixed, today=today, languages=languages
        )


def open_source(data: bytes, directory: Directory, *, encoding: str = "") -> Source:
    """The file as a source for that directory. Raises UnreadableFile."""
    opened = open_file(data, encoding=encoding, guess=True)
    return source_of(opened, directory)


def source_of(opened: Opened, directory: Directory) -> Source:
    """A file that was opened, as a source for that directory. Raises UnreadableFile."""
    if opened.shape is Shape.POPOLO and directory is Directory.MISSIONS:
        raise UnreadableFile(N_("This is a list of persons. Import it with the officials."))
    if opened.shape is Shape.MINISTRY and directory is Directory.OFFICIALS:
        raise UnreadableFile(N_("This is a list of missions. Import it with the missions."))
    table = _table(opened)
    if table is not None and not table.rows and not table.problems:
        raise UnreadableFile(N_("The file has a first line, and no rows below it."))
    return Source(directory, opened, table)


def items_of(data: Any) -> list[Any]:
    """The list that a JSON file is, or has as its only one."""
    if isinstance(data, list):
        return data
    return next((value for value in data.values() if isinstance(value, list)), [])


def _table(opened: Opened) -> Table | None:
    if opened.shape is Shape.TABLE:
        return table_of_csv(opened.text)
    if opened.shape is Shape.CARDS:
        return table_of_cards(opened.text)
    if opened.shape is Shape.OBJECTS:
        return table_of_objects(opened.data)
    return None
