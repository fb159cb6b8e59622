"""What the sheets that go with a bundle say: contents of the packets, the sheet for the gate.

Each function gives a context for `campaign.printing.sheets.bundle_sheets`, in the language of the
current locale; the sheet for the gate is in the mission's language and in ours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.bundles.documents.cover_letter import Covered, count_rows
from campaign.bundles.documents.packets import Packet, list_packets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.paper_needs import sheets_for
from campaign.bundles.freeze.signed_sheets import count_carried
from campaign.bundles.nouns import Noun, common_noun, noun_of, say_noun
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import i18n
from campaign.core.errors import Refused
from campaign.core.i18n import force_locale, say_number
from campaign.core.settings import Settings, current_settings
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import Bundle, BundleState, Journey
from campaign.models.taken_out import LetterOut, PersonOff
from campaign.printing.printed_content import (
    Both,
    BothRow,
    ContentsContext,
    ContentsPage,
    DeliverySheetContext,
    FactRow,
    Said,
)
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import EnvelopeContext

_MOST_CODES = 3
"""Check codes for which the sheet for several bundles has room."""
_MOST_LINES = 8
"""Lines on letters, and on signed sheets (two for each case), for which it has room."""


def contents_context(
    frozen: Frozen, packets: Sequence[Packet], folder: str, locale: str, *, remade: bool
) -> ContentsContext:
    """The sheet on top of each packet, in the language of the staff who print."""
    return ContentsContext(
        locale=locale,
        title=f"{frozen.case.reference} · {frozen.person_name} · {frozen.mission.name}",
        bundle=folder,
        digest_label=_("SHA-256 of the file, to check that it is the one that was frozen"),
        steps=(_("Volume printed"), _("Volume counted"), _("Volume tied")),
        page_label=_("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        pages=tuple(
            _contents_page(frozen, packet, len(packets), locale, remade=remade)
            for packet in packets
        ),
        mark=frozen.mark,
    )


def _contents_page(
    frozen: Frozen, packet: Packet, total: int, locale: str, *, remade: bool
) -> ContentsPage:
    sheets = sheets_for(packet.pages, duplex=frozen.duplex)
    rows = [FactRow(say_noun(frozen.noun), say_number(packet.letters, locale))]
    if len(frozen.targets) > 1:
        rows += [
            FactRow(
                target.names.get(locale) or target.names[frozen.locale],
                say_number(packet.per_target[target_id], locale),
            )
            for target_id, target in frozen.targets.items()
            if packet.per_target.get(target_id)
        ]
    paper = _("Sheets of paper, both sides") if frozen.duplex else _("Sheets of paper")
    rows.append(FactRow(_("Pages"), say_number(packet.pages, locale)))
    rows.append(FactRow(paper, say_number(sheets, locale)))
    if packet.file:
        rows.append(FactRow(_("File"), packet.file))
    return ContentsPage(
        volume=_("Volume %(volume)s of %(volumes)s", volume=packet.volume, volumes=total),
        span=packet.first if packet.first == packet.last else f"{packet.first} – {packet.last}",
        facts=tuple(rows),
        digest=packet.sha256,
        notes=tuple(_notes(frozen, packet, locale, remade=remade)),
    )


def _notes(frozen: Frozen, packet: Packet, locale: str, *, remade: bool) -> Iterator[str]:
    out = {letter.number for letter in packet.taken_out}
    if aside := [number for number in packet.aside if number not in out]:
        yield _aside_note(aside, cards=frozen.cards)
    if out:
        yield remade_note(packet.volume, packet.taken_out, locale, cards=frozen.cards)
    if remade:
        yield say_what_to_destroy(by_post=frozen.by_post)


def _aside_note(numbers: Sequence[str], *, cards: bool) -> str:
    count, shown = len(numbers), _say_first(numbers)
    if cards:
        return ngettext(
            "Not in it, because it could not be printed: card %(numbers)s.",
            "Not in it, because they could not be printed: cards %(numbers)s.",
            count,
            numbers=shown,
        )
    return ngettext(
        "Not in it, because it could not be printed: letter %(numbers)s.",
        "Not in it, because they could not be printed: letters %(numbers)s.",
        count,
        numbers=shown,
    )


def remade_note(volume: int, taken_out: Sequence[LetterOut], locale: str, *, cards: bool) -> str:
    numbers = [letter.number for letter in taken_out]
    day = date.fromisoformat(max(letter.on for letter in taken_out))
    facts = {"volume": volume, "day": i18n.say_date(day, locale), "numbers": _say_first(numbers)}
    if cards:
        return ngettext(
            "Volume %(volume)s was made again on %(day)s, without card %(numbers)s.",
            "Volume %(volume)s was made again on %(day)s, without cards %(numbers)s.",
            len(numbers),
            **facts,
        )
    return ngettext(
        "Volume %(volume)s was made again on %(day)s, without letter %(numbers)s.",
        "Volume %(volume)s was made again on %(day)s, without letters %(numbers)s.",
        len(numbers),
        **facts,
    )


def lists_note(people: Sequence[PersonOff], locale: str) -> Iterator[str]:
    """Name those on signed sheets who stood in lists that were printed before."""
    named = [person for person in people if person.sha256]
    if not named:
        return
    day = date.fromisoformat(max(person.on for person in named))
    yield ngettext(
        "The lists were made again on %(day)s, without number %(numbers)s.",
        "The lists were made again on %(day)s, without numbers %(numbers)s.",
        len(named),
        day=i18n.say_date(day, locale),
        numbers=_say_first([person.number for person in named]),
    )


def say_what_to_destroy(*, volumes: bool = True, by_post: bool = False) -> str:
    """What to do with papers from before a remake: all but the volumes count what was in it."""
    if by_post and not volumes:
        return _(
            "Destroy the lists, cover letter and labels that were printed before. Print them again."
        )
    if not volumes:
        return _(
            "Destroy the lists, cover letter, delivery sheet and labels that were printed before. "
            "Print them again."
        )
    if by_post:
        return _(
            "Destroy the lists, cover letter, contents and labels that were printed before. Print "
            "them again. You can keep a printed volume if you remove by hand what was withdrawn."
        )
    return _(
        "Destroy the lists, cover letter, delivery sheet, contents and labels that were printed "
        "before. Print them again. You can keep a printed volume if you remove by hand what was "
        "withdrawn."
    )


def _say_first(numbers: Sequence[str], most: int = 24) -> str:
    shown = i18n.comma(i18n.locale()).join(numbers[:most])
    return shown if len(numbers) <= most else f"{shown} …"


def delivery_url(settings: Settings, public_id: str) -> str:
    """Return the address of the page on which delegates record a delivery."""
    return f"{settings.base_url.rstrip('/')}/desk/bundles/{public_id}/deliver"


def delivery_context(
    frozen: Frozen,
    packets: Sequence[Packet],
    covered: Covered,
    *,
    folder: str,
    ours: str,
    noun: Noun,
    lists: int = 1,
) -> DeliverySheetContext:
    """The page that is signed at the gate, for `lists` bundles; `ours` is the office's language."""
    both, organisation = _Bilingual(frozen.locale, ours), frozen.organisation
    # Signed sheets alone have no numbers by which a part could be named. A sheet for several
    # bundles is signed only where all of them are accepted or all are refused.
    in_part = bool(packets) and lists == 1
    part = both(
        lambda: (
            _("If in part: how many cards, and their numbers")
            if frozen.cards
            else _("If in part: how many letters, and their numbers")
        )
    )
    return DeliverySheetContext(
        locale=frozen.locale,
        title=both(lambda: _title_of(noun)),
        reference=frozen.case.reference,
        case=frozen.person_name,
        mission_lines=frozen.mission.lines,
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        handed=both(lambda: _("What is delivered")),
        counts=count_rows(frozen, covered.per_target),
        things=(*_things(frozen, packets, lists, both), *_by_hand(frozen, covered.on_paper, both)),
        outcome=both(lambda: _("What happened")),
        outcomes=(
            both(lambda: _("Accepted")),
            *([both(lambda: _("Accepted in part"))] if in_part else ()),
            both(lambda: _("Refused")),
            both(lambda: _("No one opened")),
            both(lambda: _("Left at the door")),
        ),
        lines=(
            both(lambda: _("Date and time")),
            both(lambda: _("Place of delivery")),
            *([part] if in_part else ()),
            both(lambda: _("Delivered by")),
            both(lambda: _("Received by (name and office)")),
        ),
        signatures=(
            both(lambda: _("Signature of the person delivering")),
            both(lambda: _("Signature of the person receiving")),
        ),
        stamp=both(lambda: _("Stamp")),
        code=covered.code,
        code_note=_Bilingual(ours)(lambda: _("For our delegates: record here what happened.")),
        bundle=folder,
        mark=frozen.mark,
        check_label=both(lambda: _check_label_of(noun)),
        check_codes=tuple(filter(None, (group_code(covered.check_code),))),
    )


def _things(
    frozen: Frozen, packets: Sequence[Packet], lists: int, both: "_Bilingual"
) -> Iterator[BothRow]:
    """What lies on the table besides letters and signed sheets: volumes, paper, the list."""
    say = frozen.say_number
    if packets:
        paper = sum(sheets_for(packet.pages, duplex=frozen.duplex) for packet in packets)
        files = sum(1 for packet in packets if packet.file)
        yield BothRow(both(lambda: _("Volumes")), say(files))
        yield BothRow(both(lambda: _("Sheets of paper")), say(paper))
    yield BothRow(
        both(
            lambda: (
                _("List of the people who wrote") if packets else _("List of the people who signed")
            )
        ),
        say(lists),
    )


def _by_hand(frozen: Frozen, people: int, both: "_Bilingual", case: str = "") -> Iterator[BothRow]:
    """How many people signed by hand, for a case where the sheet is for several."""
    label = both(lambda: _("People who signed by hand, on sheets"))
    if people:
        named = (Said(frozen.locale, case), *label) if case else label
        yield BothRow(named, frozen.say_number(people))


def _title_of(noun: Noun) -> str:
    titles = {
        Noun.LETTER: _("Delivery of letters"),
        Noun.CARD: _("Delivery of cards"),
        Noun.BOTH: _("Delivery of letters and cards"),
        Noun.PERSON: _("Delivery of signatures"),
    }
    return titles[noun]


def _check_label_of(noun: Noun) -> str:
    if noun is Noun.BOTH:
        return _("Check code")
    return _("Check code of the cards") if noun is Noun.CARD else _("Check code of the letters")


class _Bilingual:
    """Says a word in the mission's language and in ours; once where both are the same."""

    def __init__(self, *locales: str) -> None:
        self._locales = dict.fromkeys(locales)

    def __call__(self, say: Callable[[], str]) -> Both:
        words: list[Said] = []
        for locale in self._locales:
            with force_locale(locale):
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
        mark=frozen.mark,
    )


def has_joint_sheet(journey: Journey) -> bool:
    """Whether all its bundles are ready for one gate; by post there is none."""
    return journey.mission is not None and all(
        bundle.state is BundleState.READY and bundle.emptied_at is None
        for bundle in journey.bundles
    )


def make_joint_sheet(session: Session, journey: Journey) -> bytes:
    """The PDF that is signed at the gate for all bundles of a journey. Raises Refused."""
    if not has_joint_sheet(journey):
        raise Refused("bundle-not-ready")
    for bundle in journey.bundles:
        refuse_stopped(bundle.campaign)
    frozen = Frozen.from_json(journey.bundles[0].frozen)
    with force_locale(frozen.locale), storage.storage().workshop() as folder:
        out = folder / "delivery-sheet.pdf"
        context = _joint_context(session, journey, frozen)
        bundle_sheets.delivery_sheet(context, frozen.sheet.paper, out)
        return out.read_bytes()


def _joint_context(session: Session, journey: Journey, frozen: Frozen) -> DeliverySheetContext:
    """The sheet of the first bundle, with lines for each and what all of them are together."""
    settings, bundles = current_settings(), journey.bundles
    nouns = [noun_of(bundle) for bundle in bundles if bundle.letter_count]
    sheet = delivery_context(
        frozen,
        [packet for bundle in bundles for packet in list_packets(session, bundle)],
        Covered({}, 0, delivery_url(settings, bundles[0].public_id)),
        folder=" · ".join(map(file_names.zip_name, bundles)),
        ours=settings.locales[0],
        noun=common_noun(nouns) if nouns else Noun.PERSON,
        lists=len(bundles),
    )
    cases = [Frozen.from_json(bundle.frozen).case for bundle in bundles]
    names = [f"{case.reference} · {case.name_in(frozen.locale)}" for case in cases]
    letters = [sum(volume.printed_letters for volume in bundle.volumes) for bundle in bundles]
    people = [count_carried(session, bundle.id) for bundle in bundles]
    rows = [
        FactRow(name, frozen.say_number(count))
        for name, count in zip(names, letters, strict=True)
        if count
    ]
    if len(rows) > 1:
        rows.append(FactRow(_("Together"), frozen.say_number(sum(letters))))
    by_hand = list(zip(names, people, strict=True))
    if len(rows) + 2 * sum(map(bool, people)) > _MOST_LINES:  # then their sum alone
        by_hand = [("", sum(people))]
    both = _Bilingual(frozen.locale, settings.locales[0])
    things = [row for name, count in by_hand for row in _by_hand(frozen, count, both, name)]
    return replace(
        sheet,
        reference=" · ".join(case.reference for case in cases),
        case="",
        counts=tuple(rows),
        things=(*sheet.things, *things),
        check_codes=tuple(_list_check_codes(session, bundles)),
    )


def _list_check_codes(session: Session, bundles: Sequence[Bundle]) -> Iterator[str]:
    """Each with the name of its bundle; none where the sheet has no room, as on cover letters."""
    if len(bundles) > _MOST_CODES:
        return
    for bundle in bundles:
        if code := prints.find_check_code(session, bundle):
            yield f"{file_names.zip_name(bundle)}: {group_code(code)}"
