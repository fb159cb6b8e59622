"""Risk flags that an entry of the directory breaks: a campaign that names it is public at once.

Campaigns stand above the directory: `create_app` hands in what finds their flags.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.errors import Invalid
from campaign.models.directory import Mission, Official

_UNREAD = {"kind", "preferred_locale", "source_id", "last_checked_on"}


@dataclass(frozen=True, slots=True)
class Naming:
    """A campaign whose flags rule out what an entry that it names says."""

    is_public: bool  # otherwise it opens by itself at its time
    take_opening_off: Callable[[str], None] | None = None


Finder = Callable[
    [Session, type[Official | Mission], Mapping[int, Iterable[str]]], Mapping[int, list[Naming]]
]


class FlagNamed(Invalid):
    """An entry that public or scheduled campaigns name says what a flag of one rules out."""

    def __init__(self, *, is_public: bool, cancels_opening: bool) -> None:
        super().__init__("flag-named", fields={"risks_seen": "flag-named"})
        self.is_public = is_public  # whether one of the campaigns is public already
        self.cancels_opening = cancels_opening


def init_app(app: Flask, *, find_naming: Finder) -> None:
    app.extensions["find_naming"] = find_naming


def refuse_flagged(
    session: Session, entry: Official | Mission, changed: Iterable[str], *, seen: bool, actor: str
) -> None:
    """Raise FlagNamed unless `seen`; saved all the same, the change takes openings off."""
    values = {name: getattr(entry, name) for name in changed if name != "contacts"}
    namings = find_flagged(session, type(entry), {entry.id: values}).get(entry.id, ())
    openings = [naming.take_opening_off for naming in namings if naming.take_opening_off]
    if namings and not seen:
        raise FlagNamed(
            is_public=any(naming.is_public for naming in namings), cancels_opening=bool(openings)
        )
    for take_off in openings:
        take_off(actor)


def find_flagged(
    session: Session, model: type[Official | Mission], changes: Mapping[int, Mapping[str, object]]
) -> Mapping[int, list[Naming]]:
    """Find the campaigns whose flags rule out new values of entries, by the entry's id."""
    texts_by_id = {
        entry_id: texts
        for entry_id, values in changes.items()
        if (texts := [text for name, value in values.items() for text in _list_texts(name, value)])
    }
    find: Finder = current_app.extensions["find_naming"]
    return find(session, model, texts_by_id) if texts_by_id else {}


def _list_texts(name: str, value: object) -> Iterator[str]:
    """List what readers see of a value."""
    if name in _UNREAD or not value:
        return
    if isinstance(value, Mapping):
        yield from map(str, value.values())
        return
    texts = [str(text) for text in value] if isinstance(value, list | tuple) else [str(value)]
    if name.endswith("country") or name == "accredited_to":
        languages = i18n.languages()
        yield from (i18n.country_name(text, code) for text in texts for code in languages)
    else:
        yield "\n".join(texts)
