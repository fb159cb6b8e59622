"""Risk flags that an entry of the directory breaks: a campaign that names it is public at once.

Campaigns stand above the directory: `create_app` hands in what finds their flags.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.errors import Invalid
from campaign.models.directory import Mission, Official

_SAYS_NOTHING = {"kind", "preferred_locale", "source_id", "last_checked_on"}


@dataclass(frozen=True, slots=True)
class Naming:
    """A campaign whose flags rule out what an entry that it names says."""

    take_opening_off: Callable[[str], None] | None = None
    """Where it opens by itself, and such a change takes that off: does so, for an actor."""


Finder = Callable[
    [Session, type[Official | Mission], Mapping[int, Iterable[str]]], Mapping[int, list[Naming]]
]
"""Is given the session, the model of the entries, and what each (by its id) says."""


class FlagNamed(Invalid):
    """An entry that public campaigns name says what a flag of one of them rules out."""

    def __init__(self, *, opening: bool) -> None:
        super().__init__("flag-named", fields={"risks_seen": "flag-named"})
        self.opening = opening
        """Whether saving it takes the opening of a campaign off."""


def init_app(app: Flask, *, find_naming: Finder) -> None:
    """Take what finds the campaigns whose flags an entry breaks."""
    app.extensions["find_naming"] = find_naming


def refuse_flagged(
    session: Session, entry: Official | Mission, changed: Iterable[str], *, seen: bool, actor: str
) -> None:
    """Ask once more before what `changed` is saved, unless its writer has `seen` the warning.

    Raises FlagNamed. Saved all the same, it takes an opening off as any change of a campaign does.
    """
    said = {entry.id: {name: getattr(entry, name) for name in changed if name != "contacts"}}
    found = _find(session, type(entry), said).get(entry.id, ())
    openings = [one.take_opening_off for one in found if one.take_opening_off]
    if found and not seen:
        raise FlagNamed(opening=bool(openings))
    for take_off in openings:
        take_off(actor)


def flagged_among(
    session: Session, model: type[Official | Mission], changes: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Ids of the entries whose new values flags rule out: changes of many at once leave them."""
    return set(_find(session, model, changes))


def _find(
    session: Session, model: type[Official | Mission], changes: Mapping[int, Mapping[str, Any]]
) -> Mapping[int, list[Naming]]:
    said = {
        entry_id: texts
        for entry_id, values in changes.items()
        if (texts := [text for name, value in values.items() for text in _texts(name, value)])
    }
    find: Finder = current_app.extensions["find_naming"]
    return find(session, model, said) if said else {}


def _texts(name: str, value: Any) -> Iterator[str]:
    """What readers see of a value."""
    if name in _SAYS_NOTHING or not value:
        return
    if isinstance(value, Mapping):
        yield from map(str, value.values())
    elif name.endswith("country") or name == "accredited_to":
        codes = [value] if isinstance(value, str) else value
        yield from (i18n.country_name(one, code) for one in codes for code in i18n.languages())
    elif isinstance(value, str):
        yield value
    else:
        yield "\n".join(map(str, value))
