"""What readers of files give: a record, or a row with what is wrong about it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from campaign.core.errors import N_, QUOTED
from campaign.core.text.desk_texts import has_forbidden_characters
from campaign.directory.entry_fields import MissionDraft, OfficialDraft, limit_of
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.models.directory import Mission, Official

Title = str | dict[str, str]  # a name, or names by language
LeftOut = tuple[str, str]  # A column, and what of its text is not kept although the row is


@dataclass(frozen=True, slots=True)
class Repeated:
    row: int
    of_row: int
    title: Title


@dataclass(frozen=True, slots=True)
class Held:
    """That somebody holds or held an office, as a file says it."""

    label: dict[str, str]
    started_on: date | None = None
    ended_on: date | None = None


def quoted(column: str, text: str) -> LeftOut:
    """What is left out of a column, short enough to be shown."""
    return column[:QUOTED], text[:QUOTED]


@dataclass(frozen=True, slots=True)
class Record:
    row: int
    source_id: str
    draft: MissionDraft | OfficialDraft
    left_out: tuple[LeftOut, ...] = ()
    own_id: str = ""
    """The public id of the entry that it means, where an export of ours was changed."""
    place_columns: frozenset[str] = frozenset()
    """The parts of an address for which the file has a column each."""
    held: tuple[Held, ...] = ()
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class MissionRecord(Record):
    draft: MissionDraft
    made_names: frozenset[str] = frozenset({"en"})  # languages of names that the file does not have

    @property
    def title(self) -> dict[str, str]:
        return self.draft.name


@dataclass(frozen=True, slots=True)
class OfficialRecord(Record):
    draft: OfficialDraft
    made_words: frozenset[str] = frozenset()  # salutation and close that the file does not have
    plain_name: str = ""  # the name without titles, for the slug

    @property
    def title(self) -> str:
        return self.draft.name or self.plain_name


Reading = MissionRecord | OfficialRecord | RowProblem | Repeated


def refuse_unfit(
    draft: MissionDraft | OfficialDraft, columns: Mapping[str, str] | None = None
) -> None:
    """Raise UnreadableRow where a text is too long or damaged; `columns` has the file's names."""
    model = Mission if isinstance(draft, MissionDraft) else Official
    for name, value in _texts(draft):
        shown = (columns or {}).get(name, name)
        limit = limit_of(model, name)
        if len(value) > limit:
            raise UnreadableRow(
                shown,
                N_("This text has %(count)d characters. Shorten it to %(limit)d."),
                count=len(value),
                limit=limit,
            )
        if has_forbidden_characters(value, lines=name == "door_notes"):
            raise UnreadableRow(shown, N_("This text has control characters. Type it again."))
        if "\ufffd" in value:
            raise UnreadableRow(
                shown,
                N_("“%(value)s” has lost letters (�). Save the file again as UTF-8."),
                value=value,
            )
        if mended := twice_encoded(value):
            raise UnreadableRow(
                shown,
                N_(
                    "“%(value)s” was saved in the wrong encoding. It should be “%(mended)s”. "
                    "Save the file again as UTF-8."
                ),
                value=value,
                mended=mended,
            )


def twice_encoded(text: str) -> str:
    """What `text` should read where it is UTF-8 read as Windows-1252 ("MÃ©xico"); else nothing."""
    if not any(mark in text for mark in "ÃÂâ"):
        return ""
    try:
        mended = text.encode("cp1252").decode()
    except UnicodeError:
        return ""
    return mended if mended != text else ""


def _texts(draft: MissionDraft | OfficialDraft) -> Iterable[tuple[str, str]]:
    for name in draft.__slots__:
        value = getattr(draft, name)
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield from ((name, text) for text in value.values())
        elif isinstance(value, list):
            yield from ((name, text) for text in value)
