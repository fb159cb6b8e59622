"""What the papers around the letters say: signature list and labels.

Each function gives a context for `campaign.printing.sheets.bundle_sheets`, in the language of the
current locale.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles import file_names
from campaign.bundles.documents.packets import Packet
from campaign.bundles.documents.signatures_csv import Row
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, say_amount, say_noun
from campaign.core import i18n
from campaign.printing.geometry import LabelSheet
from campaign.printing.printed_content import ColumnLabels, LabelsContext, ListContext, SignatureRow
from campaign.printing.text_widths import label_sheet_for


def list_context(
    frozen: Frozen, *, letters: int, on_paper: int, several_targets: bool
) -> ListContext:
    """Around the rows of the signature list: letters, and people on sheets, are counted apart."""
    cards = frozen.cards
    if not letters:
        title = _("Signatures about the case of %(person)s", person=frozen.person_name)
    elif cards:
        title = _("Cards about the case of %(person)s", person=frozen.person_name)
    else:
        title = _("Letters about the case of %(person)s", person=frozen.person_name)
    sums = [say_amount(letters, frozen.noun, frozen.say_number(letters))] if letters else []
    if on_paper:
        sums.append(
            ngettext(
                "%(number)s person who signed on paper",
                "%(number)s people who signed on paper",
                on_paper,
                number=frozen.say_number(on_paper),
            )
        )
    return ListContext(
        title=title,
        reference=frozen.case.reference,
        locale=frozen.locale,
        mission_lines=frozen.mission.lines,
        column_labels=ColumnLabels(
            number=_("Number"),
            name=_("Name"),
            locality=_("Town, province, country"),
            address=_("Postal code"),
            signed_on=_("Signed on"),
            target=(_("Card to") if cards else _("Letter to")) if several_targets else "",
        ),
        page_label=_("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        total_label=say_noun(frozen.noun),
        sums=" · ".join(sums),
        mark=frozen.mark,
    )


def list_rows(
    rows: Iterable[Row], carried: Iterable[Row], frozen: Frozen, *, letters: int, on_paper: int
) -> Iterator[SignatureRow | str]:
    """The lines of the signature list: letters, then under a heading those who signed on paper."""
    for row in rows:
        yield _list_row(row, frozen)
    if on_paper:
        yield (
            _("Signed on paper, on the sheets and cards that come with the letters")
            if letters and not frozen.cards
            else _("Signed on paper, on the sheets and cards that come with this list")
        )
        for row in carried:
            yield _list_row(row, frozen)


def _list_row(row: Row, frozen: Frozen) -> SignatureRow:
    if row.target_id is None:
        target = _("Signed on paper")
    else:
        target = frozen.targets[row.target_id].names[frozen.locale]
    return SignatureRow(
        number=row.number,
        name=row.name,
        locality=row.locality,
        region=row.region,
        country=row.country_name(frozen.locale),
        address=row.postal_code,
        signed_on=_short_day(row.signed_on, frozen.locale),
        target=target,
    )


@lru_cache(maxsize=2000)
def _short_day(day: date, locale: str) -> str:
    return i18n.say_short_day(day, locale)


def labels_context(frozen: Frozen, packets: Sequence[Packet]) -> LabelsContext:
    """Labels: the mission's address, each official's, and one for each packet of letters."""
    of_packets = tuple(
        (frozen.case.reference, frozen.mission.name, _say_packet(frozen, packet, len(packets)))
        for packet in packets
        if packet.file
    )
    return LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(*_list_addresses(frozen), *of_packets),
        mark=frozen.mark,
    )


def label_sheet_of(frozen: Frozen) -> LabelSheet:
    """The sheet that a bundle's labels are printed on: larger ones where an address is long."""
    of_packet = (frozen.case.reference, frozen.mission.name, "", "")
    marks = (frozen.mark,) if frozen.mark else ()
    labels = [(*marks, *lines) for lines in (*_list_addresses(frozen), of_packet)]
    return label_sheet_for(labels, frozen.sheet)


def _list_addresses(frozen: Frozen) -> list[tuple[str, ...]]:
    of_officials = [target.addressing[frozen.locale].lines for target in frozen.targets.values()]
    return list(dict.fromkeys((frozen.mission.lines, *of_officials)))


def _say_packet(frozen: Frozen, packet: Packet, total: int) -> str:
    number = frozen.say_number(packet.letters)
    facts = {"volume": packet.volume, "volumes": total, "letters": number, "cards": number}
    if frozen.cards:
        return ngettext(
            "Volume %(volume)s of %(volumes)s: %(cards)s card",
            "Volume %(volume)s of %(volumes)s: %(cards)s cards",
            packet.letters,
            **facts,
        )
    return ngettext(
        "Volume %(volume)s of %(volumes)s: %(letters)s letter",
        "Volume %(volume)s of %(volumes)s: %(letters)s letters",
        packet.letters,
        **facts,
    )


def describe_file(name: str, *, by_post: bool = False, noun: Noun = Noun.LETTER) -> str:
    sheets_alone = noun is Noun.PERSON
    words: dict[str, str] = {
        file_names.README: _("What is in this folder and how to print it"),
        file_names.COVER: _("Cover letter to the official")
        if by_post
        else _("Cover letter to the mission"),
        file_names.SIGNATURES_PDF: _("List of the people who wrote, to put in with the letters")
        if by_post
        else _("Signature list, to deliver"),
        file_names.SIGNATURES_CSV: _("The same list for programs"),
        file_names.SIGNATURES_XLSX: _("The same list for spreadsheets"),
        file_names.DELIVERY_SHEET: _("Delivery sheet, to be signed on delivery"),
        file_names.CONTENTS: _("A sheet for each volume: what it contains, with its checksum"),
        file_names.ENVELOPES: _("Envelopes without a window, with the official’s address")
        if by_post
        else _("Envelopes without a window, with the mission’s address"),
        file_names.LABELS: _("Address labels")
        if sheets_alone
        else _("Address labels and labels for the volumes"),
        file_names.CODES: _("The codes of which the check code is made, for checking"),
        file_names.MANIFEST: _("Every file with its checksum, for checking")
        if sheets_alone
        else _("Every file with its checksum, every letter with its place, for checking"),
    }
    return words.get(name) or say_noun(noun)
