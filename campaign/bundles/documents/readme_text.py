"""The README of a bundle: what lies in it, and how it is printed. For staff, in their language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles import file_names
from campaign.bundles.documents.contents_and_delivery_sheet import (
    lists_note,
    remade_note,
    say_what_to_destroy,
)
from campaign.bundles.documents.list_and_labels import describe_file, label_sheet_of
from campaign.bundles.documents.packets import FileFacts, Packet
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.paper_needs import say_weight, sheets_for, weigh
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.bundles.nouns import Noun, say_noun, say_rows
from campaign.core import i18n
from campaign.core.i18n import say_number
from campaign.models.taken_out import PersonOff
from campaign.printing.geometry import LETTER, NAMES, Layout, envelopes_for
from campaign.printing.printed_content import FactRow, FileRow, ReadmeContext

LABEL_STOCK = {
    "avery-5160": "Avery 5160 (1 × 2⅝ in, 30)",
    "avery-5163": "Avery 5163 (2 × 4 in, 10)",
    "l7163": "Avery L7163 (99.1 × 38.1 mm, 14)",
    "l7165": "Avery L7165 (99.1 × 67.7 mm, 8)",
}
"""How the sheets of labels are called where they are bought, and how many stand on one."""
_EIGHTHS = ("", "⅛", "¼", "⅜", "½", "⅝", "¾", "⅞")
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class ReadmeFacts:
    """What a README says besides what was frozen."""

    folder: str
    letters: int
    aside: int  # that could not be printed
    taken_out: int  # that were printed once, and withdrawn or deleted since
    on_paper: int
    packets: Sequence[Packet]
    locale: str  # of the staff who print
    sheets: Sequence[TravellingSheet] = ()
    people_off: Sequence[PersonOff] = ()  # who on signed sheets left the lists
    remade: bool = False
    corrected_on: date | None = None  # when names in lists that were printed were last corrected

    def say(self, number: int) -> str:
        return say_number(number, self.locale)


def readme_context(frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]) -> ReadmeContext:
    return ReadmeContext(
        locale=facts.locale,
        title=facts.folder,
        introduction=tuple(_introduction(frozen, facts)),
        facts_heading=_("The bundle"),
        facts=(*_facts(frozen, facts, files), *_postage(frozen, facts, files)),
        files_heading=_("The files, in the order in which they are needed"),
        file_labels=(_("File"), _("What it is"), _("Pages")),
        files=tuple(_file_row(file, facts, frozen) for file in files),
        printing_heading=_("How to print"),
        printing=tuple(_printing_steps(frozen, facts, files)),
    )


def _introduction(frozen: Frozen, facts: ReadmeFacts) -> Iterator[str]:
    if frozen.rehearsal:
        yield _("This is a rehearsal. The letters are invented. Do not deliver any of them.")
    yield _what_it_is(frozen, facts)
    for packet in facts.packets:
        if packet.taken_out:
            yield remade_note(packet.volume, packet.taken_out, facts.locale, cards=frozen.cards)
    yield from lists_note(facts.people_off, facts.locale)
    if facts.corrected_on:
        day = i18n.say_date(facts.corrected_on, facts.locale)
        yield _("Names or dates in the lists were corrected on %(day)s.", day=day)
    if facts.remade:
        yield say_what_to_destroy(volumes=bool(facts.packets), by_post=frozen.by_post)


def _what_it_is(frozen: Frozen, facts: ReadmeFacts) -> str:
    if not facts.packets:
        return _(
            "This folder contains the papers that go with sheets which people signed by hand. Keep "
            "it where only people who need it can read it. It names the people who signed."
        )
    if frozen.cards:
        return _(
            "This folder contains cards that are ready to be printed. Keep it where only people "
            "who need it can read it. It names the people who wrote."
        )
    if frozen.by_post:
        return _(
            "This folder contains letters that are ready to be printed and posted. Keep it where "
            "only people who need it can read it. It names the people who wrote."
        )
    return _(
        "This folder contains letters that are ready to be printed and delivered. Keep it "
        "where only people who need it can read it. It names the people who wrote."
    )


def _facts(frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]) -> Iterator[FactRow]:
    yield FactRow(_("Campaign"), f"{frozen.case.reference} · {frozen.person_name}")
    yield FactRow(_("Destination") if frozen.by_post else _("Mission"), frozen.mission.name)
    yield FactRow(_("Frozen on"), i18n.say_date(frozen.frozen_on, facts.locale))
    if facts.packets:
        yield FactRow(say_noun(frozen.noun), facts.say(facts.letters))
        yield FactRow(_("Not printable"), facts.say(facts.aside))
        if facts.taken_out:
            yield FactRow(_("Taken out"), facts.say(facts.taken_out))
    if facts.on_paper:
        yield FactRow(_("Signed on paper"), facts.say(facts.on_paper))
    yield FactRow(_("Paper"), _paper(frozen))
    if facts.packets:
        yield FactRow(_("Sheets of paper"), facts.say(_sheets(frozen, facts.packets)))
    if others := _other_sheets(files, duplex=frozen.duplex):
        listed = " · ".join(f"{name} {facts.say(count)}" for name, count in others.items())
        yield FactRow(_("Sheets for the other papers"), listed)
    yield FactRow(_("Labels"), LABEL_STOCK[label_sheet_of(frozen).slug])
    for sheet in facts.sheets:
        # A signed sheet as colleagues find it: day, place, how many people.
        number = facts.say(sheet.people)
        people = ngettext("%(number)s person", "%(number)s people", sheet.people, number=number)
        day = i18n.say_date(sheet.collected_on, facts.locale)
        words = " · ".join(filter(None, (day, sheet.place, str(people) if sheet.people else "")))
        if not sheet.people:
            yield FactRow(_("Do not deliver this signed sheet"), words)
            continue
        yield FactRow(_("Signed sheet"), words)
        if sheet.black_out:
            yield FactRow(_("Black out on it"), say_rows(sheet.black_out))
    yield FactRow(_("Envelopes"), _envelopes(frozen, facts.locale))


def _postage(frozen: Frozen, facts: ReadmeFacts, files: Iterable[FileFacts]) -> Iterator[FactRow]:
    """What all of it weighs that goes to the post, as a hint for the rate."""
    if not frozen.by_post:
        return
    paper, inside = frozen.sheet.paper, {file_names.COVER, file_names.SIGNATURES_PDF}
    papers = sum(file.pages or 0 for file in files if file.name in inside)
    grams = weigh(_sheets(frozen, facts.packets), paper, card=frozen.cards) + weigh(papers, paper)
    words = _(
        "About %(weight)s without envelopes, cover letter and list included. Check the rate "
        "at the post office.",
        weight=say_weight(grams, facts.locale),
    )
    yield FactRow(_("Weight"), words)


def _other_sheets(files: Sequence[FileFacts], *, duplex: bool) -> dict[str, int]:
    """Sheets of plain paper that the papers besides the volumes take, by the file's name."""
    pages = {file.name: file.pages or 0 for file in files}
    signatures = pages.get(file_names.SIGNATURES_PDF, 0)
    counts = {
        file_names.COVER: sheets_for(pages.get(file_names.COVER, 0), duplex=duplex),
        # One stays at the gate, one comes back signed.
        file_names.DELIVERY_SHEET: 2 * pages.get(file_names.DELIVERY_SHEET, 0),
        # A page lies on each packet.
        file_names.CONTENTS: pages.get(file_names.CONTENTS, 0),
        file_names.SIGNATURES_PDF: sheets_for(signatures, duplex=duplex),
    }
    return {name: count for name, count in counts.items() if count}


def _paper(frozen: Frozen) -> str:
    is_a4 = frozen.sheet.paper.slug == "a4"
    return _("A4, 210 by 297 mm") if is_a4 else _("Letter, 215.9 by 279.4 mm")


def _sheets(frozen: Frozen, packets: Sequence[Packet]) -> int:
    """Sheets that the volumes need; the other papers come on top."""
    return sum(sheets_for(packet.pages, duplex=frozen.duplex) for packet in packets)


def _envelopes(frozen: Frozen, locale: str) -> str:
    """Which ones there are, and where a letter is folded for one with a window."""
    envelopes = envelopes_for(frozen.sheet.paper)
    sizes = i18n.comma(locale).join(NAMES[envelope.paper.slug] for envelope in envelopes)
    if frozen.cards:
        return _("%(sizes)s without a window.", sizes=sizes)
    return _(
        "%(sizes)s without a window. For a window, fold the sheet at %(folds)s from the top.",
        sizes=sizes,
        folds=_folds(frozen.sheet),
    )


def _folds(layout: Layout) -> str:
    """Where the sheet is folded; on Letter paper in inches, as a ruler has them: 3⅞."""
    if layout.paper is not LETTER:
        return " · ".join(f"{fold:g} mm" for fold in layout.folds)
    eighths = [divmod(round(fold / _MM_PER_INCH * 8), 8) for fold in layout.folds]
    return " · ".join(f"{whole}{_EIGHTHS[part]} in" for whole, part in eighths)


def _printing_steps(
    frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]
) -> Iterator[str]:
    yield _(
        "Paper: %(paper)s. Print at actual size (100%%), not fitted to the page.",
        paper=_paper(frozen),
    )
    if facts.packets:
        yield from _steps_before(frozen, facts, files)
    yield _("Sign the cover letter by hand. Lay it on top, and the signature list below it.")
    if facts.on_paper:
        yield _(
            "Take the signed sheets that the table names. Cut the strip with the email "
            "addresses off each, along the dotted line. Lay the sheets below the list."
        )
    if any(sheet.people and sheet.black_out for sheet in facts.sheets):
        yield _(
            "Black out the rows that the table names, so that no one can read them. They no "
            "longer count. The number is that of the row on the sheet. In an imported file, "
            "row 1 is the first below the column names. Rows that were corrected and imported "
            "later keep their numbers. First compare the names on the sheet’s page in the "
            "workspace."
        )
    if facts.packets:
        yield _say_how_to_tie(frozen)
    if frozen.tells_of_copies and (sentence := say_copies(frozen, facts.locale)):
        yield sentence
    if frozen.by_post:
        yield _(
            "All in one parcel: use a label of labels.pdf. In several envelopes: open “Envelopes” "
            "on the page of the bundle. It makes an address sheet for each and tells its weight."
        )
        yield _(
            "Record on the page of the bundle on which day you posted it. We then tell the people "
            "who wrote."
        )
    else:
        yield _("Take two copies of the delivery sheet. One stays there, one comes back signed.")
    yield _("To check that nothing is missing or damaged, run “campaign verify” with the ZIP file.")


def _steps_before(frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]) -> Iterator[str]:
    sheets = _sheets(frozen, facts.packets)
    others = sum(_other_sheets(files, duplex=frozen.duplex).values())
    yield ngettext(
        "Put %(number)s sheet into the printer for the volumes, and %(others)s for the other "
        "papers.",
        "Put %(number)s sheets into the printer for the volumes, and %(others)s for the other "
        "papers.",
        sheets,
        number=facts.say(sheets),
        others=facts.say(others),
    )
    yield _say_how_to_print(frozen)
    yield _(
        "Lay on each volume its page of contents.pdf, and nothing between its letters. If you "
        "doubt a file, compare the checksum there with that in manifest.json. Take the page off "
        "before you deliver the volume."
    )


def _say_how_to_tie(frozen: Frozen) -> str:
    if frozen.cards:
        return _("Tie the cards with a ribbon, one pile for each official.")
    if frozen.by_post:
        return _("Fold the letters only for window envelopes, each in one of its own.")
    return _(
        "Fold the letters for window envelopes only if you post them. Otherwise deliver them flat."
    )


def say_copies(frozen: Frozen, locale: str) -> str:
    """Say who receives a copy that staff send; empty where the letters name nobody."""
    of_all, of_some = (i18n.semicolon(locale).join(names) for names in frozen.copies_in(locale))
    sentences = []
    if of_all:
        sentences += [
            _(
                "The letters say who receives a copy. Send a copy by post or email to: %(names)s",
                names=of_all,
            )
        ]
    if of_some:
        sentences += [
            _(
                "Some letters, not all, say at their end that a copy goes to: %(names)s. Send a "
                "copy of these letters only.",
                names=of_some,
            )
        ]
    return " ".join(sentences)


def _say_how_to_print(frozen: Frozen) -> str:
    if frozen.cards:
        return _(
            "Print the volumes one after the other, one-sided, on card stock. Cut the sheets of "
            "each volume into four piles. Lay the piles on each other in this order, from the top: "
            "upper left, upper right, lower left, lower right."
        )
    if frozen.duplex:
        return _(
            "Print the volumes one after the other, on both sides, turned on the long edge. "
            "Blank pages make each letter begin on its own sheet."
        )
    return _(
        "Print the volumes one after the other, one-sided. Each letter begins on its own sheet."
    )


def _file_row(file: FileFacts, facts: ReadmeFacts, frozen: Frozen) -> FileRow:
    noun = frozen.noun if facts.packets else Noun.PERSON
    description = describe_file(file.name, by_post=frozen.by_post, noun=noun)
    return FileRow(file.name, description, facts.say(file.pages) if file.pages else "")
