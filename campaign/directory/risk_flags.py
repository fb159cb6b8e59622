"""What campaigns that name an entry of the directory have against a change of it.

Their risk flags rule its words out, somebody approved letters that would say something else, or
an opening that is scheduled could not be kept. Campaigns stand above the directory: `create_app`
hands in what finds them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.answers import Answers, is_answered, question_key
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official

_UNREAD = {"kind", "preferred_locale", "source_id", "last_checked_on", "left_on"}


@dataclass(frozen=True, slots=True)
class Naming:
    """A campaign that names an entry, and what the entry's new words are to it."""

    campaign: Campaign
    is_flagged: bool  # its flags rule them out
    is_public: bool
    cancels_opening: bool  # it was approved, and opens by itself
    return_to_review: Callable[[str], None] | None = None
    gaps: Sequence[Any] = ()  # what of it keeps the campaign from opening by itself


Finder = Callable[
    [Session, type[Official | Mission], Mapping[int, Iterable[str]]], Mapping[int, list[Naming]]
]
LetterWatch = Callable[[], list[Naming]]
"""Campaigns that are not open whose letters say something else than when it was made, or lack it.

Of those that open by themselves, what they lack by then.
"""


class RisksUnseen(Invalid):
    """A change of an entry that flags rule out, that cancels an opening or rewrites `letters`."""

    def __init__(
        self, namings: Sequence[Naming], letters: int = 0, *, values: Mapping[str, object]
    ) -> None:
        super().__init__("risks-unseen", fields={"risks_seen": "risks-unseen"})
        self.letters = letters
        flagged = [naming for naming in namings if naming.is_flagged]
        self.is_flagged = bool(flagged)
        self.is_public = any(naming.is_public for naming in flagged)
        cancelled = [naming for naming in namings if naming.cancels_opening]
        self.cancels_opening = bool(cancelled)
        self.rewritten = [
            naming.campaign.reference for naming in cancelled if not naming.is_flagged
        ]
        # Of flagged words the key tells nothing that the page does not.
        asked = {
            question_key("flagged", self.is_public, *values.items()): self.is_flagged,
            question_key("letters", *values.items()): bool(letters),
            question_key("opening", *sorted({*self.rewritten})): self.cancels_opening,
        }
        self.keys = frozenset(key for key, is_asked in asked.items() if is_asked)


class SpoilsOpenings(Invalid):
    """A change of an entry after which campaigns could not open by themselves, as they are to."""

    def __init__(self, namings: Sequence[Naming]) -> None:
        super().__init__("spoils-opening")
        self.namings = namings


def init_app(
    app: Flask,
    *,
    find_naming: Finder,
    find_watched: Callable[[Session, type[Official | Mission]], set[int]],
    watch_letters: Callable[[Session, Sequence[Official | Mission]], LetterWatch],
    say_gap: Callable[[Campaign, Any], str],
) -> None:
    app.extensions["find_naming"] = find_naming
    app.extensions["find_watched"] = find_watched
    app.extensions["watch_letters"] = watch_letters
    app.extensions["say_gap"] = say_gap


def say_gap(campaign: Campaign, gap: Any) -> str:
    """Say what a campaign lacks, in the language of the page."""
    say: Callable[[Campaign, Any], str] = current_app.extensions["say_gap"]
    return say(campaign, gap)


def find_watched(session: Session, model: type[Official | Mission]) -> set[int]:
    """Find the ids of entries that stand on such letters: of the others none needs a look."""
    find: Callable[[Session, type[Official | Mission]], set[int]]
    find = current_app.extensions["find_watched"]
    return find(session, model)


def watch_letters(session: Session, *entries: Official | Mission) -> LetterWatch:
    """Note before a change what letters say that a second person approves, or that open."""
    watch: Callable[[Session, Sequence[Official | Mission]], LetterWatch]
    watch = current_app.extensions["watch_letters"]
    return watch(session, entries)


def refuse_unseen_risks(
    session: Session,
    entry: Official | Mission,
    changed: Iterable[str],
    list_rewritten: LetterWatch,
    *,
    letters: int,
    seen: Answers,
    actor: str,
) -> None:
    """Raise RisksUnseen unless `seen`; saved all the same, campaigns return to review.

    `letters`: how many signed ones it rewrites. Raises SpoilsOpenings in any case.
    """
    values = {name: getattr(entry, name) for name in changed if name != "contacts"}
    flagged = find_flagged(session, type(entry), {entry.id: values}).get(entry.id, ())
    namings = [*flagged, *list_rewritten()]
    if spoiled := [naming for naming in namings if naming.gaps]:
        raise SpoilsOpenings(spoiled)
    problem = RisksUnseen(namings, letters, values=values)
    if not is_answered(problem, seen):
        raise problem
    return_to_review(namings, actor)


def return_to_review(namings: Iterable[Naming], actor: str) -> None:
    """Have each campaign approved again, by somebody else than who changed its letters."""
    returns = {naming.campaign.id: naming.return_to_review for naming in namings}
    for return_it in filter(None, returns.values()):
        return_it(actor)


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
