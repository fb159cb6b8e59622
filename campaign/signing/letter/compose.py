"""From what was signed to a letter: the same on the page Check, in PDFs and in bundles. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from campaign.campaigns.content.address_and_salutation import Addressing
from campaign.core import i18n
from campaign.core.language_facts import facts_of
from campaign.core.text.person_names import full_name
from campaign.directory.postal_addresses import address_lines
from campaign.models.campaign import Campaign, LetterTemplate
from campaign.models.signature import Disclosure, Signature
from campaign.printing.html import text_direction
from campaign.printing.placeholders import fill, placeholders_in
from campaign.printing.printed_content import LetterContext, Translation

Offered = Sequence[tuple[str, bool]]
_LEFT_TO_RIGHT = "\u200e"
_BLANK_LINES = re.compile(r"\n{2,}")
_Texts = tuple[str, ...]
_Points = tuple[str, ...]


def order_points(chosen: Iterable[str], offered: Offered) -> tuple[str, ...]:
    """Return the keys that print: those `chosen`, in that order, and every required one.

    A required one that was not named stands where the template has it: before the first of the
    others that follow it there. Keys that are not offered are left out.
    """
    place = {key: at for at, (key, _) in enumerate(offered)}
    keys = [key for key in dict.fromkeys(chosen) if key in place]
    missing = [key for key, required in offered if required and key not in keys]
    return tuple(_merged(keys, missing, place))


def arrange_points(order: Iterable[str], offered: Offered) -> tuple[str, ...]:
    """Return all keys offered, first those of `order`, for the page that moves points."""
    place = {key: at for at, (key, _) in enumerate(offered)}
    keys = [key for key in dict.fromkeys(order) if key in place]
    return tuple(_merged(keys, [key for key in place if key not in keys], place))


def move_point(keys: Sequence[str], move: str) -> tuple[str, ...]:
    """Return `keys` after a move such as `up:key`; one that leads nowhere changes nothing."""
    way, _, key = move.partition(":")
    if key not in keys or way not in {"up", "down"}:
        return tuple(keys)
    after = list(keys)
    at = after.index(key)
    to = at - 1 if way == "up" else at + 1
    if 0 <= to < len(after):
        after[at], after[to] = after[to], after[at]
    return tuple(after)


def _merged(keys: list[str], more: Iterable[str], place: Mapping[str, int]) -> list[str]:
    for key in more:
        at = next((n for n, kept in enumerate(keys) if place[kept] > place[key]), len(keys))
        keys.insert(at, key)
    return keys


@dataclass(frozen=True, slots=True)
class Proposal:
    subject: str
    opening: str
    closing: str
    points: tuple[tuple[str, bool, str], ...]  # Key, whether it is required, text; in order


@dataclass(frozen=True, slots=True)
class Writer:
    """What is one supporter's in a letter. Its fields are columns of `Signature` too."""

    given_name: str
    family_name: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    disclosure: Disclosure = Disclosure.NAME
    own_words: str = ""
    # Keys of the talking points taken, in the order in which they print.
    points: tuple[str, ...] = ()
    full_text: str = ""
    """The whole letter between salutation and close, where the supporter rewrote it."""

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.family_name)


_OF_WRITER = tuple(field.name for field in fields(Writer))
WRITER_COLUMNS = tuple(getattr(Signature, name) for name in _OF_WRITER)


def writer_of(signed: Signature | Row[Any]) -> Writer:
    values: dict[str, Any] = {name: getattr(signed, name) for name in _OF_WRITER}
    values["full_text"] = values["full_text"] or ""
    values["points"] = tuple(values["points"])
    return Writer(**values)


@dataclass(frozen=True, slots=True)
class TranslationInput:
    locale: str
    proposal: Proposal
    addressing: Addressing


@dataclass(frozen=True, slots=True)
class Case:
    reference: str
    person_name: str
    country: str
    act_by: date | None
    names_by_locale: tuple[tuple[str, str], ...] = ()

    def name_in(self, locale: str) -> str:
        return dict(self.names_by_locale).get(locale, self.person_name)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Case":
        act_by = date.fromisoformat(data["act_by"]) if data["act_by"] else None
        names = tuple((locale, name) for locale, name in data.get("names_by_locale", ()))
        return cls(**{**data, "act_by": act_by, "names_by_locale": names})


def proposal_of(template: LetterTemplate) -> Proposal:
    points = tuple((point.key, point.required, point.text) for point in template.points)
    return Proposal(template.subject, template.opening, template.closing, points)


def case_of(campaign: Campaign) -> Case:
    return Case(
        campaign.reference,
        campaign.person_name,
        campaign.country,
        campaign.act_by,
        tuple(campaign.names_by_locale.items()),
    )


def number_of(sequence: int) -> str:
    return f"{sequence:05d}"


def compose(
    *,
    key: str,
    number: str | None,
    case: Case,
    addressing: Addressing,
    proposal: Proposal,
    writer: Writer,
    locale: str,
    written_on: date,
    specimen: str = "",
    into: TranslationInput | None = None,
) -> LetterContext:
    """Compose the letter, every word in place.

    Required talking points are always in; of the others those that the writer took, in the
    writer's order. A text that the writer rewrote stands for opening, points, own words and
    closing. That a template asks only for what the campaign has, `readiness` sees to.
    """
    taken = None if writer.full_text else writer.points
    quoted = writer.name if _quotes_writer(proposal) else ""
    subject, opening, points, closing = _said(case, addressing, proposal, taken, quoted, locale)
    return LetterContext(
        key=key,
        number=number,
        reference=case.reference,
        locale=locale,
        sender_lines=sender_lines(writer, locale),
        place_and_date=place_and_date(shown_locality(writer), written_on, locale),
        addressee_lines=addressing.lines,
        subject=subject,
        salutation=addressing.salutation,
        opening=opening,
        points=points,
        own_words=own_paragraphs(writer.full_text or writer.own_words),
        closing=closing,
        complimentary_close=addressing.close,
        signature_name=writer.name,
        signature_locality=shown_locality(writer),
        copies_to=copies_to(addressing.copies, locale),
        specimen=specimen,
        translation=_translated(case, into, writer, locale) if into else None,
    )


@lru_cache(maxsize=512)
def _said(
    case: Case,
    addressing: Addressing,
    proposal: Proposal,
    taken: _Points | None,
    name: str,
    locale: str,
) -> tuple[str, _Texts, _Texts, _Texts]:
    """Subject, opening, points and closing, filled; remembered, as thousands take the same."""
    values = _values(case, addressing, name, locale)
    return fill(proposal.subject, values), *_body(proposal, taken, values)


@lru_cache(maxsize=256)
def _quotes_writer(proposal: Proposal) -> bool:
    texts = (proposal.subject, proposal.opening, proposal.closing)
    points = (text for _, _, text in proposal.points)
    return any("supporter_name" in placeholders_in(text) for text in (*texts, *points))


def _values(case: Case, addressing: Addressing, name: str, locale: str) -> dict[str, str]:
    return {
        "person_name": case.name_in(locale),
        "official_name": addressing.official_name or addressing.official_office,
        "official_office": addressing.official_office,
        "country": i18n.country_name(case.country, locale),
        "reference": case.reference,
        "supporter_name": name,
        "deadline": i18n.say_date(case.act_by, locale) if case.act_by else "",
    }


def _translated(
    case: Case, into: TranslationInput, writer: Writer, locale: str
) -> Translation | None:
    """Return the letter in the officials' language; None of one that was rewritten or is in it."""
    if writer.full_text or into.locale == locale:
        return None
    values = _values(case, into.addressing, writer.name, into.locale)
    opening, points, closing = _body(into.proposal, writer.points, values)
    facts, language = facts_of(into.locale), i18n.language_name(locale, into.locale)
    return Translation(
        locale=into.locale,
        mark=facts.translation,
        subject=fill(into.proposal.subject, values),
        salutation=into.addressing.salutation,
        opening=opening,
        points=points,
        note=facts.own_words.format(language=language) if writer.own_words else "",
        own_words=own_paragraphs(writer.own_words),
        closing=closing,
        complimentary_close=into.addressing.close,
        signature_name=writer.name,
        signature_locality=shown_locality(writer),
    )


def _body(
    proposal: Proposal, taken: _Points | None, values: dict[str, str]
) -> tuple[_Texts, _Texts, _Texts]:
    """Opening, points and closing; none of them where the supporter wrote the whole text."""
    if taken is None:
        return (), (), ()
    texts = {key: text for key, _, text in proposal.points}
    keys = order_points(taken, [(key, needed) for key, needed, _ in proposal.points])
    return (
        paragraphs(fill(proposal.opening, values)),
        tuple(fill(texts[key], values) for key in keys),
        paragraphs(fill(proposal.closing, values)),
    )


def shown_locality(writer: Writer) -> str:
    return "" if writer.disclosure is Disclosure.NAME else writer.locality


def sender_lines(writer: Writer, locale: str) -> tuple[str, ...]:
    if writer.disclosure is Disclosure.NAME:
        return (writer.name,)
    country = i18n.country_name(writer.country, locale)
    if writer.disclosure is Disclosure.TOWN:
        return tuple(filter(None, (writer.name, writer.locality, country)))
    lines = address_lines(
        country=writer.country,
        street=(),
        locality=writer.locality,
        region=writer.region,
        postal_code=writer.postal_code,
        country_name=country,
    )
    return (writer.name, *lines)


def copies_to(copies: tuple[str, ...], locale: str) -> tuple[str, ...]:
    if not copies:
        return ()
    return (f"{facts_of(locale).copy}{copies[0]}", *copies[1:])


def place_and_date(place: str, day: date, locale: str) -> str:
    date_text = i18n.say_date(day, locale)
    if not place:
        return date_text
    if i18n.direction(locale) == "ltr" and text_direction(place, "ltr") == "rtl":
        place += _LEFT_TO_RIGHT  # or the day would be read as going on with the place
    return facts_of(locale).place_and_date.format(place=place, date=date_text)


def own_paragraphs(text: str) -> tuple[str, ...]:
    """Return a supporter's paragraphs: blank lines part them, single line ends are kept."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(
        block.strip("\n") for block in _BLANK_LINES.split("\n".join(lines)) if block.strip()
    )


def paragraphs(text: str) -> tuple[str, ...]:
    """Split a text: blank lines part paragraphs, single line ends become spaces."""
    blocks = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    joined = (" ".join(block.split("\n")).strip() for block in blocks)
    return tuple(paragraph for paragraph in joined if paragraph)
