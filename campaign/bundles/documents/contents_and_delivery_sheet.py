"""What the sheets that go with a bundle say: contents of the packets, the sheet for the gate.

Each function gives a context for `campaign.printing.sheets.bundle_sheets`, in the language of the
current locale; the sheet for the gate is in the mission's language and in ours.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from campaign.bundles.documents.cover_letter import Covered, count_rows
from campaign.bundles.documents.number_and_day_words import mark_of, say_number_there
from campaign.bundles.documents.packets import Packet, sheets_for
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, noun_of_format, say_noun
from campaign.core import i18n
from campaign.core.i18n import say_number
from campaign.printing.printed_content import (
    Both,
    BothRow,
    ContentsContext,
    ContentsPage,
    DeliverySheetContext,
    FactRow,
    Said,
)
from campaign.printing.sheets.envelopes import EnvelopeContext
from campaign.signing.letter.letter_facts import FrozenTarget


def contents_context(
    frozen: Frozen, packets: Sequence[Packet], folder: str, locale: str
) -> ContentsContext:
    """The sheet on top of each packet, in the language of the staff who print."""
    return ContentsContext(
        locale=locale,
        title=f"{frozen.case.reference} · {frozen.person_name} · {frozen.mission.name}",
        bundle=folder,
        digest_label=_("SHA-256 of the file, to check that it is the one that was frozen"),
        steps=(_("Printed"), _("Counted"), _("Tied")),
        page_label=_("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        pages=tuple(_contents_page(frozen, packet, len(packets), locale) for packet in packets),
        mark=mark_of(frozen),
    )


def _contents_page(frozen: Frozen, packet: Packet, total: int, locale: str) -> ContentsPage:
    sheets = sheets_for(packet.pages, duplex=frozen.duplex)
    noun = noun_of_format(frozen.format)
    rows = [FactRow(say_noun(noun), say_number(packet.letters, locale))]
    if len(frozen.targets) > 1:
        rows += [
            FactRow(_name(target, frozen, locale), say_number(packet.per_target[target_id], locale))
            for target_id, target in frozen.targets.items()
            if packet.per_target.get(target_id)
        ]
    rows += [
        FactRow(_("Pages"), say_number(packet.pages, locale)),
        FactRow(
            _("Sheets of paper, both sides") if frozen.duplex else _("Sheets of paper"),
            say_number(sheets, locale),
        ),
    ]
    if packet.file:
        rows.append(FactRow(_("File"), packet.file))
    return ContentsPage(
        volume=_("Volume %(volume)s of %(volumes)s", volume=packet.volume, volumes=total),
        span=packet.first if packet.first == packet.last else f"{packet.first} – {packet.last}",
        facts=tuple(rows),
        digest=packet.sha256,
        notes=tuple(_notes(packet, noun, locale)),
    )


def _name(target: FrozenTarget, frozen: Frozen, locale: str) -> str:
    return target.names.get(locale) or target.names[frozen.locale]


def _notes(packet: Packet, noun: Noun, locale: str) -> list[str]:
    out = [letter["number"] for letter in packet.taken_out]
    aside = [number for number in packet.aside if number not in out]
    notes = []
    if aside:
        notes.append(_aside_note(aside, noun))
    if out:
        notes.append(remade_note(packet.volume, packet.taken_out, locale, noun=noun))
    return notes


def _aside_note(numbers: Sequence[str], noun: Noun) -> str:
    if noun is Noun.CARD:
        words = ngettext(
            "Not in it, because it could not be printed: card %(numbers)s.",
            "Not in it, because they could not be printed: cards %(numbers)s.",
            len(numbers),
            numbers=_say_first(numbers),
        )
    else:
        words = ngettext(
            "Not in it, because it could not be printed: letter %(numbers)s.",
            "Not in it, because they could not be printed: letters %(numbers)s.",
            len(numbers),
            numbers=_say_first(numbers),
        )
    return str(words)


def remade_note(
    volume: int, taken_out: Sequence[dict[str, str]], locale: str, *, noun: Noun
) -> str:
    """That a volume was made again, when, and without which letters."""
    numbers = [letter["number"] for letter in taken_out]
    day = date.fromisoformat(max(letter["on"] for letter in taken_out))
    facts = {"volume": volume, "day": i18n.say_date(day, locale), "numbers": _say_first(numbers)}
    if noun is Noun.CARD:
        words = ngettext(
            "Volume %(volume)s was made again on %(day)s, without card %(numbers)s. Do not "
            "deliver copies that were printed before.",
            "Volume %(volume)s was made again on %(day)s, without cards %(numbers)s. Do not "
            "deliver copies that were printed before.",
            len(numbers),
            **facts,
        )
    else:
        words = ngettext(
            "Volume %(volume)s was made again on %(day)s, without letter %(numbers)s. Do not "
            "deliver copies that were printed before.",
            "Volume %(volume)s was made again on %(day)s, without letters %(numbers)s. Do not "
            "deliver copies that were printed before.",
            len(numbers),
            **facts,
        )
    return str(words)


def _say_first(numbers: Sequence[str], most: int = 24) -> str:
    shown = ", ".join(numbers[:most])
    return shown if len(numbers) <= most else f"{shown} …"


def delivery_context(
    frozen: Frozen, packets: Sequence[Packet], covered: Covered, *, folder: str, ours: str
) -> DeliverySheetContext:
    """The page that is signed at the gate; `ours` is the language of the office."""
    both = _bilingual(frozen, ours)
    organisation = frozen.organisation
    return DeliverySheetContext(
        locale=frozen.locale,
        title=both(lambda: _title_of(frozen, packets)),
        reference=frozen.case.reference,
        case=frozen.person_name,
        mission_lines=frozen.mission.lines,
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        handed=both(lambda: _("What is delivered")),
        counts=count_rows(frozen, covered.per_target),
        things=say_things(frozen, packets, covered, ours=ours),
        **_to_fill_in(both, noun_of_format(frozen.format), in_part=bool(packets)),
        code=covered.code,
        code_note=_Bilingual((ours,))(lambda: _("For our delegates: record here what happened.")),
        bundle=folder,
        mark=mark_of(frozen),
    )


def _bilingual(frozen: Frozen, ours: str) -> "_Bilingual":
    return _Bilingual(tuple(dict.fromkeys((frozen.locale, ours))))


def say_things(
    frozen: Frozen, packets: Sequence[Packet], covered: Covered, *, ours: str, lists: int = 1
) -> tuple[BothRow, ...]:
    """What lies on the table besides the letters, of `lists` bundles."""
    return tuple(_things(frozen, packets, covered, lists, _bilingual(frozen, ours)))


def _things(
    frozen: Frozen, packets: Sequence[Packet], covered: Covered, lists: int, both: "_Bilingual"
) -> Iterator[BothRow]:
    """Volumes, paper, the list, signed sheets."""
    if packets:
        paper = sum(sheets_for(packet.pages, duplex=frozen.duplex) for packet in packets)
        files = sum(1 for packet in packets if packet.file)
        yield BothRow(both(lambda: _("Volumes")), say_number_there(files, frozen))
        yield BothRow(both(lambda: _("Sheets of paper")), say_number_there(paper, frozen))
    yield BothRow(both(lambda: _("List of the people who wrote")), say_number_there(lists, frozen))
    if covered.on_paper:
        people = say_number_there(covered.on_paper, frozen)
        yield BothRow(both(lambda: _("People who signed by hand, on sheets")), people)


def _title_of(frozen: Frozen, packets: Sequence[Packet]) -> str:
    if not packets:
        return str(_("Delivery of signatures"))
    is_card = noun_of_format(frozen.format) is Noun.CARD
    return str(_("Delivery of cards") if is_card else _("Delivery of letters"))


def _to_fill_in(both: "_Bilingual", noun: Noun, *, in_part: bool) -> dict[str, Any]:
    """What is ticked, written and signed at the gate; `in_part`: letters have numbers."""
    part = both(
        lambda: (
            _("If in part: how many cards, and their numbers")
            if noun is Noun.CARD
            else _("If in part: how many letters, and their numbers")
        )
    )
    return {
        "outcome": both(lambda: _("What happened")),
        "outcomes": (
            both(lambda: _("Accepted")),
            *([both(lambda: _("Accepted in part"))] if in_part else ()),
            both(lambda: _("Refused")),
            both(lambda: _("Left at the door")),
        ),
        "lines": (
            both(lambda: _("Date and time")),
            both(lambda: _("Place of delivery")),
            *([part] if in_part else ()),
            both(lambda: _("Delivered by")),
            both(lambda: _("Received by (name and office)")),
        ),
        "signatures": (
            both(lambda: _("Signature of the person delivering")),
            both(lambda: _("Signature of the person receiving")),
        ),
        "stamp": both(lambda: _("Stamp")),
    }


class _Bilingual:
    """Says a word in the mission's language and in ours; once where both are the same."""

    def __init__(self, locales: Sequence[str]) -> None:
        self._locales = locales

    def __call__(self, say: Callable[[], str]) -> Both:
        words: list[Said] = []
        for locale in self._locales:
            with force_locale(locale.replace("-", "_")):
                text = str(say())
            if text not in {known.text for known in words}:
                words.append(Said(locale, text))
        return tuple(words)


def envelope_context(frozen: Frozen) -> EnvelopeContext:
    """The mission's address, for envelopes without a window."""
    organisation = frozen.organisation
    return EnvelopeContext(
        locale=frozen.locale,
        sender_lines=(organisation.name, *organisation.lines),
        addressee_lines=frozen.mission.lines,
        mark=mark_of(frozen),
    )
