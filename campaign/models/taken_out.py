"""What left the files and lists of a bundle after they were printed, and what was carried of it.

Here alone the JSON of `Bundle.taken_out` is read and written, and its three kinds of entries are
told apart. What is asked of several kinds is asked here.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Out:
    number: str
    reason: str  # as of `SignatureState`; of a row on paper also as of `TakenBack.state`
    on: str
    sha256: str = ""  # of the file that still held it; empty: none did
    went: bool = False
    """Whether it was in the print that was delivered, which was on its way already."""
    carried: bool | None = None
    """Whether it was with the others as these went; of what `went`, False: removed by hand."""

    @property
    def is_gone(self) -> bool:
        return self.went or bool(self.carried)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterOut(_Out):
    """A letter without which its volume was made again."""

    volume: int
    page: int
    code: str = ""
    came_back: tuple[int, ...] = ()
    """The attempts, by id, that brought back an earlier print which held it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOff(_Out):
    """Somebody on a signed sheet (`P00012`) who left the lists; the file is the ZIP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFiles:
    """A withdrawn letter, or a name in the lists that no longer counts, which stayed in the files.

    Nothing was made again before these went.
    """

    number: str
    carried: bool


Entry = LetterOut | PersonOff | InFiles


class TakenOut(tuple[Entry, ...]):
    """Never changed in place: the database would not see it."""

    __slots__ = ()

    @property
    def letters(self) -> list[LetterOut]:
        return [entry for entry in self if isinstance(entry, LetterOut)]

    @property
    def people(self) -> list[PersonOff]:
        return [entry for entry in self if isinstance(entry, PersonOff)]

    @property
    def of_earlier_prints(self) -> list[LetterOut | PersonOff]:
        """Return what earlier prints hold and the newest does not."""
        return [*self.letters, *self.people]

    @property
    def went_earlier(self) -> bool:
        """Whether an earlier print was delivered."""
        return any(entry.went for entry in self.of_earlier_prints)

    @property
    def files_that_held(self) -> dict[str, str]:
        """Return the file that held each letter which was taken out and went, by its number."""
        return {letter.number: letter.sha256 for letter in self.letters if letter.went}

    @property
    def carried(self) -> set[str]:
        """Return the numbers of what was with the others as these went."""
        return {entry.number for entry in self if entry.carried}

    @property
    def by_hand(self) -> set[str]:
        """Return the numbers of what was removed, or made unreadable, by hand before these went."""
        return {entry.number for entry in self if entry.carried is False}

    def plus(self, *entries: Entry) -> "TakenOut":
        return TakenOut((*self, *entries))

    def minus(self, numbers: Collection[str]) -> "TakenOut":
        return TakenOut(entry for entry in self if entry.number not in numbers)

    def went_with(self, numbers: Collection[str]) -> "TakenOut":
        """Return it as it is once a print went that held these."""
        return TakenOut(
            replace(entry, went=True)
            if entry.number in numbers and not isinstance(entry, InFiles)
            else entry
            for entry in self
        )

    def marked(self, numbers: Collection[str], *, carried: bool) -> "TakenOut":
        """Return it with whether these were with the others as these went."""
        return TakenOut(
            replace(entry, carried=carried) if entry.number in numbers else entry for entry in self
        )

    def not_carried(self, numbers: Collection[str]) -> "TakenOut":
        """Return it as if nobody had said that these were with the others."""
        return TakenOut(
            replace(entry, carried=None)
            if entry.number in numbers and not isinstance(entry, InFiles)
            else entry
            for entry in self
            if entry.number not in numbers or not isinstance(entry, InFiles)
        )

    def came_back_with(self, numbers: Collection[str], attempt_id: int) -> "TakenOut":
        """Return it as it is once an attempt brought back a print that held these letters."""
        return TakenOut(
            replace(entry, came_back=(*entry.came_back, attempt_id))
            if entry.number in numbers and isinstance(entry, LetterOut)
            else entry
            for entry in self
        )

    def with_nothing_gone(self) -> "TakenOut":
        return TakenOut(
            replace(entry, went=False, carried=None) for entry in self.of_earlier_prints
        )


class TakenOutColumn(TypeDecorator[TakenOut]):
    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: TakenOut | None, dialect: sa.Dialect) -> Any:
        return [to_json(entry) for entry in value or ()]

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> TakenOut | None:
        # Nothing where a query joins a bundle that is not there.
        return None if value is None else TakenOut(map(_from_json, value))


def _from_json(entry: dict[str, Any]) -> Entry:
    if "volume" in entry:
        return LetterOut(**{**entry, "came_back": tuple(entry.get("came_back", ()))})
    return PersonOff(**entry) if "reason" in entry else InFiles(**entry)


def to_json(entry: Any) -> dict[str, Any]:
    values = ((field, getattr(entry, field.name)) for field in fields(entry))
    return {field.name: value for field, value in values if value != field.default}
