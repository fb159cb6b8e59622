"""What the papers around the letters say: signature list and labels.

Each function gives a context for `printing.sheets.bundle_sheets`, in the language of the current
locale.
"""

from collections.abc import Iterable, Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles import file_names
from campaign.bundles.documents.number_and_day_words import mark_of, say_number_there, short_day
from campaign.bundles.documents.packets import VolumeFacts
from campaign.bundles.documents.signature_rows import Row, country_of
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, noun_of_format, say_amount, say_noun
from campaign.printing.printed_content import ColumnLabels, LabelsContext, ListContext, SignatureRow


def list_context(
    frozen: Frozen, *, letters: int, on_paper: int, several_targets: bool
) -> ListContext:
    """Around the rows of the signature list: letters, and people on sheets, are counted apart."""
    noun = noun_of_format(frozen.format)
    if not letters:
        title = _("Signatures for %(person)s", person=frozen.person_name)
    elif noun is Noun.CARD:
        title = _("Cards for %(person)s", person=frozen.person_name)
    else:
        title = _("Letters for %(person)s", person=frozen.person_name)
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
            target=_target_head(noun) if several_targets else "",
        ),
        page_label=_("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        total_label=say_noun(noun),
        sums=" · ".join(filter(None, (_letters(letters, frozen), _on_paper(on_paper, frozen)))),
        mark=mark_of(frozen),
    )


def _letters(letters: int, frozen: Frozen) -> str:
    if not letters:
        return ""
    noun = noun_of_format(frozen.format)
    return say_amount(letters, noun, say_number_there(letters, frozen))


def _target_head(noun: Noun) -> str:
    return str(_("Card to") if noun is Noun.CARD else _("Letter to"))


def _on_paper(people: int, frozen: Frozen) -> str:
    if not people:
        return ""
    number = say_number_there(people, frozen)
    return str(
        ngettext(
            "%(number)s person who signed on paper",
            "%(number)s people who signed on paper",
            people,
            number=number,
        )
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
            if letters and noun_of_format(frozen.format) is Noun.LETTER
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
        country=country_of(row, frozen.locale),
        address=row.postal_code,
        signed_on=short_day(row.signed_on.isoformat(), frozen.locale),
        target=target,
    )


def labels_context(frozen: Frozen, volumes: Iterable[VolumeFacts], total: int) -> LabelsContext:
    """Labels: the mission's address, each official's, and one for each packet of letters."""
    addresses = dict.fromkeys(
        target.addressing[frozen.locale].lines for target in frozen.targets.values()
    )
    packets = tuple(
        (frozen.case.reference, frozen.mission.name, _packet(frozen, volume, total))
        for volume in volumes
        if volume.file
    )
    return LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(*dict.fromkeys((frozen.mission.lines, *addresses)), *packets),
        mark=mark_of(frozen),
    )


def _packet(frozen: Frozen, volume: VolumeFacts, total: int) -> str:
    number = say_number_there(volume.letters, frozen)
    facts = {"volume": volume.volume, "volumes": total}
    if noun_of_format(frozen.format) is Noun.CARD:
        words = ngettext(
            "Volume %(volume)s of %(volumes)s: %(cards)s card",
            "Volume %(volume)s of %(volumes)s: %(cards)s cards",
            volume.letters,
            cards=number,
            **facts,
        )
    else:
        words = ngettext(
            "Volume %(volume)s of %(volumes)s: %(letters)s letter",
            "Volume %(volume)s of %(volumes)s: %(letters)s letters",
            volume.letters,
            letters=number,
            **facts,
        )
    return str(words)


def describe_file(name: str, *, by_post: bool = False, noun: Noun = Noun.LETTER) -> str:
    """What a file of the bundle is, in a few words."""
    words: dict[str, str] = {
        file_names.README: _("What is in this folder and how to print it"),
        file_names.COVER: _("Cover letter to the mission"),
        file_names.SIGNATURES_PDF: _("Signature list, to deliver"),
        file_names.SIGNATURES_CSV: _("The same list for programs"),
        file_names.SIGNATURES_XLSX: _("The same list for spreadsheets"),
        file_names.DELIVERY_SHEET: _("Delivery sheet, to be signed on delivery"),
        file_names.CONTENTS: _("A sheet for each volume: what it contains, with its checksum"),
        file_names.ENVELOPES: _("Envelopes without a window, with the mission’s address"),
        file_names.LABELS: _("Address labels and labels for the volumes"),
        file_names.MANIFEST: _(
            "Every file with its checksum, every letter with its place, for checking"
        ),
    }
    if by_post:
        words |= {
            file_names.COVER: _("Cover letter to the official"),
            file_names.SIGNATURES_PDF: _(
                "List of the people who wrote, to put in with the letters"
            ),
            file_names.ENVELOPES: _("Envelopes without a window, with the official’s address"),
        }
    return words.get(name) or say_noun(noun)
