"""What the papers around the letters say: cover letter, signature list, labels, README.

Each function gives a context for `campaign.letters.lists`, in the language of the current locale.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign import i18n
from campaign.bundles import files
from campaign.bundles.frozen import Frozen
from campaign.bundles.manifest import FileFacts, VolumeFacts
from campaign.bundles.rows import Row, country_of
from campaign.letters.context import (
    ColumnLabels,
    CountRow,
    CoverContext,
    FactRow,
    FileRow,
    LabelsContext,
    ListContext,
    ReadmeContext,
    SignatureRow,
)
from campaign.letters.layouts import LAYOUTS
from campaign.officials.models import MissionKind
from campaign.signing.composing import place_and_date


def list_context(frozen: Frozen, *, several_targets: bool) -> ListContext:
    """Around the rows of the signature list."""
    return ListContext(
        title=_("Letters for %(person)s", person=frozen.case.person_name),
        reference=frozen.case.reference,
        locale=frozen.locale,
        mission_lines=frozen.mission.lines,
        column_labels=ColumnLabels(
            number=_("Number"),
            name=_("Name"),
            locality=_("Town, province, country"),
            address=_("Postal code"),
            signed_on=_("Signed on"),
            target=_("Letter to") if several_targets else "",
        ),
        page_label=_("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        total_label=_("Letters"),
        mark=mark_of(frozen),
    )


def mark_of(frozen: Frozen) -> str:
    """The word that every sheet of a rehearsal bears; nothing on a real one."""
    return str(_("Rehearsal")) if frozen.rehearsal else ""


def list_rows(rows: Iterable[Row], frozen: Frozen) -> Iterator[SignatureRow]:
    """The rows of the signature list."""
    for row in rows:
        yield SignatureRow(
            number=row.number,
            name=row.name,
            locality=row.locality,
            region=row.region,
            country=country_of(row, frozen.locale),
            address=row.postal_code,
            signed_on=_short_day(row.signed_on.isoformat(), frozen.locale),
            target=frozen.targets[row.target_id].names[frozen.locale],
        )


@lru_cache(maxsize=2000)
def _short_day(iso: str, locale: str) -> str:
    return str(format_date(date.fromisoformat(iso), "medium", locale=locale.replace("-", "_")))


def cover_context(frozen: Frozen, per_target: Mapping[int, int]) -> CoverContext:
    """The organisation's letter on top; `per_target` counts the letters that are in."""
    total = sum(per_target.values())
    organisation, case = frozen.organisation, frozen.case
    counts = [
        CountRow(target.names[frozen.locale], say_number(per_target[target_id], frozen.locale))
        for target_id, target in frozen.targets.items()
        if per_target.get(target_id)
    ]
    if len(counts) > 1:
        counts.append(CountRow(_("Together"), say_number(total, frozen.locale)))
    return CoverContext(
        locale=frozen.locale,
        reference=case.reference,
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        addressee_lines=frozen.mission.lines,
        place_and_date=place_and_date(organisation.place, frozen.frozen_on, frozen.locale),
        subject=_(
            "%(reference)s: letters for %(person)s",
            reference=case.reference,
            person=case.person_name,
        ),
        salutation=_salutation(frozen),
        paragraphs=_cover_paragraphs(frozen, total),
        counts=tuple(counts),
        closing=(
            _(
                "A list of the people who wrote comes with the letters. It shows of each person "
                "what that person agreed to show."
            ),
            _(
                "We would be grateful for a line that confirms that you have received the "
                "letters, and for any answer from your authorities, to %(email)s.",
                email=organisation.email,
            ),
        ),
        complimentary_close=_("Yours sincerely,"),
        signature_lines=(organisation.name,),
        mark=mark_of(frozen),
    )


def _cover_paragraphs(frozen: Frozen, total: int) -> tuple[str, ...]:
    number = say_number(total, frozen.locale)
    return (
        ngettext(
            "We hand over to you %(number)s letter about the case of %(person)s (%(reference)s). "
            "The person who signed it has confirmed it to us.",
            "We hand over to you %(number)s letters about the case of %(person)s (%(reference)s). "
            "Every one was signed by a person who has confirmed it to us.",
            total,
            number=number,
            person=frozen.case.person_name,
            reference=frozen.case.reference,
        ),
        *_sheets_paragraph(frozen),
        ngettext(
            "We ask you to pass it on to the official to whom it is addressed:",
            "We ask you to pass them on to the officials to whom they are addressed:",
            total,
        ),
    )


def _sheets_paragraph(frozen: Frozen) -> tuple[str, ...]:
    """The sheets that come along, where some do."""
    if not frozen.on_paper:
        return ()
    return (
        ngettext(
            "With the letters come the sheets and cards that %(number)s person signed by hand.",
            "With the letters come the sheets and cards that %(number)s people signed by hand.",
            frozen.on_paper,
            number=say_number(frozen.on_paper, frozen.locale),
        ),
    )


def _salutation(frozen: Frozen) -> str:
    if frozen.mission.kind == MissionKind.CONSULATE:
        return str(_("Dear Consul:"))
    return str(_("Excellency:"))


def labels_context(frozen: Frozen, volumes: Iterable[VolumeFacts], total: int) -> LabelsContext:
    """Labels: the mission's address, each official's, and one for each packet of letters."""
    addresses = dict.fromkeys(
        target.addressing[frozen.locale].lines for target in frozen.targets.values()
    )
    packets = tuple(
        (
            frozen.case.reference,
            frozen.mission.name,
            ngettext(
                "Volume %(volume)s of %(volumes)s: %(letters)s letter",
                "Volume %(volume)s of %(volumes)s: %(letters)s letters",
                one.letters,
                volume=one.volume,
                volumes=total,
                letters=say_number(one.letters, frozen.locale),
            ),
        )
        for one in volumes
        if one.file
    )
    return LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(frozen.mission.lines, *addresses, *packets),
        mark=mark_of(frozen),
    )


def readme_context(
    frozen: Frozen, *, folder: str, letters: int, aside: int, made: Iterable[FileFacts]
) -> ReadmeContext:
    """The page that tells staff what lies in the bundle and how to print it."""
    paper = _("Letter, 215.9 by 279.4 mm")
    if LAYOUTS[frozen.layout].paper.slug == "a4":
        paper = _("A4, 210 by 297 mm")
    facts = [
        FactRow(_("Campaign"), f"{frozen.case.reference} · {frozen.case.person_name}"),
        FactRow(_("Mission"), frozen.mission.name),
        FactRow(_("Frozen on"), i18n.say_date(frozen.frozen_on, frozen.locale)),
        FactRow(_("Letters"), say_number(letters, frozen.locale)),
        FactRow(_("Set aside"), say_number(aside, frozen.locale)),
        FactRow(_("Paper"), paper),
    ]
    return ReadmeContext(
        locale=frozen.locale,
        title=folder,
        introduction=(
            *_rehearsal_note(frozen),
            _(
                "This folder holds letters that are ready to be printed and handed over. Keep it "
                "where only those can read it who must: it names the people who wrote."
            ),
        ),
        facts_heading=_("The bundle"),
        facts=tuple(facts),
        files_heading=_("The files, in the order in which they are needed"),
        file_labels=(_("File"), _("What it is"), _("Pages")),
        files=tuple(_file_row(one, frozen.locale) for one in made),
        printing_heading=_("How to print"),
        printing=_printing_steps(paper, cards=frozen.format == "card"),
    )


def _rehearsal_note(frozen: Frozen) -> tuple[str, ...]:
    if not frozen.rehearsal:
        return ()
    words = _("This is a rehearsal. The letters are invented: hand nothing of it to anybody.")
    return (str(words),)


def _printing_steps(paper: str, *, cards: bool) -> tuple[str, ...]:
    return (
        _("Paper: %(paper)s. Print at actual size (100%%), not fitted to the page.", paper=paper),
        _("Print the volumes one after the other, one-sided, on card. Cut each sheet into four.")
        if cards
        else _(
            "Print the volumes one after the other, one-sided: each letter begins on its own sheet."
        ),
        _("Lay the cover letter and the list of signatures on top, signed by hand."),
        _("Tie the cards with a ribbon, a packet for each official.")
        if cards
        else _("Fold for window envelopes only if the letters are posted; hand them over flat."),
        _("To check that nothing is missing or damaged, run “campaign verify” with the ZIP file."),
    )


def _file_row(facts: FileFacts, locale: str) -> FileRow:
    pages = say_number(facts.pages, locale) if facts.pages else ""
    return FileRow(facts.name, describe_file(facts.name), pages)


def describe_file(name: str) -> str:
    """What a file of the bundle is, in a few words."""
    words: dict[str, str] = {
        files.README: _("What lies in this folder and how to print it"),
        files.COVER: _("Cover letter to the mission"),
        files.SIGNATURES_PDF: _("List of the people who wrote, to hand over"),
        files.SIGNATURES_CSV: _("The same list for programs"),
        files.SIGNATURES_XLSX: _("The same list for spreadsheets"),
        files.LABELS: _("Address labels and labels for the packets"),
        files.MANIFEST: _("Every file and letter with its checksum, for checking"),
    }
    return words.get(name) or str(_("Letters"))


def say_number(number: int, locale: str) -> str:
    """A number as people of the language write it."""
    return str(format_decimal(number, locale=locale.replace("-", "_")))
