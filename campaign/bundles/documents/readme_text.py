"""The README of a bundle: what lies in it, and how it is printed. For staff, in their language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.bundles import file_names
from campaign.bundles.documents.contents_and_delivery_sheet import remade_note
from campaign.bundles.documents.list_and_labels import describe_file
from campaign.bundles.documents.packets import FileFacts, Packet, sheets_for
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.bundles.nouns import noun_of_format, say_noun
from campaign.bundles.postage import say_weight, weigh
from campaign.core import i18n
from campaign.core.i18n import say_number
from campaign.printing.geometry import (
    LAYOUTS,
    LETTER,
    NAMES,
    Layout,
    envelopes_for,
    label_sheet_for,
)
from campaign.printing.printed_content import FactRow, FileRow, ReadmeContext

LABEL_STOCK = {
    "avery-5160": "Avery 5160 (1 × 2⅝ in, 30)",
    "l7163": "Avery L7163 (99.1 × 38.1 mm, 14)",
}
"""How the sheets of labels are called where they are bought, and how many stand on one."""
_EIGHTHS = ("", "⅛", "¼", "⅜", "½", "⅝", "¾", "⅞")
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class ReadmeFacts:
    """What a README says besides what was frozen."""

    folder: str
    letters: int
    aside: int
    """That could not be printed."""
    taken_out: int
    """That were printed once, and withdrawn or deleted since."""
    on_paper: int
    packets: Sequence[Packet]
    locale: str
    """Of the staff who print."""
    sheets: Sequence[TravellingSheet] = ()
    """Signed sheets that travel along."""


def readme_context(frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]) -> ReadmeContext:
    """The page that tells staff what lies in the bundle and how to print it."""
    return ReadmeContext(
        locale=facts.locale,
        title=facts.folder,
        introduction=(
            *_rehearsal_note(frozen),
            _what_it_is(frozen, facts),
            *(
                remade_note(
                    one.volume, one.taken_out, facts.locale, noun=noun_of_format(frozen.format)
                )
                for one in facts.packets
                if one.taken_out
            ),
        ),
        facts_heading=_("The bundle"),
        facts=(*_facts(frozen, facts, files), *_postage(frozen, facts, files)),
        files_heading=_("The files, in the order in which they are needed"),
        file_labels=(_("File"), _("What it is"), _("Pages")),
        files=tuple(_file_row(one, facts.locale, frozen) for one in files),
        printing_heading=_("How to print"),
        printing=_printing_steps(frozen, facts, files),
    )


def _what_it_is(frozen: Frozen, facts: ReadmeFacts) -> str:
    if not facts.packets:
        words = _(
            "This folder contains the papers that go with sheets which people signed by hand. Keep "
            "it where only people who need it can read it. It names the people who signed."
        )
    elif frozen.cards:
        words = _(
            "This folder contains cards that are ready to be printed. Keep it where only people "
            "who need it can read it. It names the people who wrote."
        )
    elif frozen.by_post:
        words = _(
            "This folder contains letters that are ready to be printed and posted. Keep it where "
            "only people who need it can read it. It names the people who wrote."
        )
    else:
        words = _(
            "This folder contains letters that are ready to be printed and delivered. Keep it "
            "where only people who need it can read it. It names the people who wrote."
        )
    return str(words)


def _rehearsal_note(frozen: Frozen) -> tuple[str, ...]:
    if not frozen.rehearsal:
        return ()
    words = _("This is a rehearsal. The letters are invented. Do not deliver any of them.")
    return (str(words),)


def _facts(frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]) -> list[FactRow]:
    rows = [
        FactRow(_("Campaign"), f"{frozen.case.reference} · {frozen.person_name}"),
        FactRow(_("By post to") if frozen.by_post else _("Mission"), frozen.mission.name),
        FactRow(_("Frozen on"), i18n.say_date(frozen.frozen_on, facts.locale)),
    ]
    if facts.packets:
        noun = noun_of_format(frozen.format)
        rows.append(FactRow(say_noun(noun), say_number(facts.letters, facts.locale)))
        rows.append(FactRow(_("Not printable"), say_number(facts.aside, facts.locale)))
        if facts.taken_out:
            rows.append(FactRow(_("Taken out"), say_number(facts.taken_out, facts.locale)))
    if facts.on_paper:
        rows.append(FactRow(_("Signed on paper"), say_number(facts.on_paper, facts.locale)))
    rows.append(FactRow(_("Paper"), _paper(frozen)))
    if facts.packets:
        sheets = say_number(_sheets(frozen, facts.packets), facts.locale)
        rows.append(FactRow(_("Sheets of paper"), sheets))
    others = _other_sheets(files, duplex=frozen.duplex)
    if others:
        listed = " · ".join(
            f"{name} {say_number(count, facts.locale)}" for name, count in others.items()
        )
        rows.append(FactRow(_("Sheets for the other papers"), listed))
    rows.append(FactRow(_("Labels"), LABEL_STOCK[label_sheet_for(LAYOUTS[frozen.layout]).slug]))
    rows += [FactRow(_("Signed sheet"), _travelling(sheet, facts.locale)) for sheet in facts.sheets]
    return [*rows, FactRow(_("Envelopes"), _envelopes(frozen))]


def _postage(frozen: Frozen, facts: ReadmeFacts, files: Iterable[FileFacts]) -> Iterator[FactRow]:
    """What all of it weighs that goes to the post, as a hint for the rate."""
    if not frozen.by_post:
        return
    paper, card = LAYOUTS[frozen.layout].paper, frozen.cards
    papers = sum(
        one.pages or 0 for one in files if one.name in {file_names.COVER, file_names.SIGNATURES_PDF}
    )
    grams = weigh(_sheets(frozen, facts.packets), paper, card=card) + weigh(papers, paper)
    yield FactRow(
        _("Weight"),
        _(
            "About %(weight)s without envelopes, cover letter and list included. Check the rate "
            "at the post office.",
            weight=say_weight(grams, facts.locale),
        ),
    )


def _other_sheets(files: Sequence[FileFacts], *, duplex: bool) -> dict[str, int]:
    """Sheets of plain paper that the papers besides the volumes take, by the file's name."""
    pages = {one.name: one.pages or 0 for one in files}
    counts = {
        file_names.COVER: sheets_for(pages.get(file_names.COVER, 0), duplex=duplex),
        # One stays at the gate, one comes back signed.
        file_names.DELIVERY_SHEET: 2 * pages.get(file_names.DELIVERY_SHEET, 0),
        # A page lies on each packet.
        file_names.CONTENTS: pages.get(file_names.CONTENTS, 0),
        file_names.SIGNATURES_PDF: sheets_for(
            pages.get(file_names.SIGNATURES_PDF, 0), duplex=duplex
        ),
    }
    return {name: count for name, count in counts.items() if count}


def _travelling(sheet: TravellingSheet, locale: str) -> str:
    """A signed sheet as colleagues find it: day, place, how many people."""
    people = ngettext(
        "%(number)s person",
        "%(number)s people",
        sheet.people,
        number=say_number(sheet.people, locale),
    )
    day = i18n.say_date(sheet.collected_on, locale)
    return " · ".join(filter(None, (day, sheet.place, str(people))))


def _paper(frozen: Frozen) -> str:
    if LAYOUTS[frozen.layout].paper.slug == "a4":
        return str(_("A4, 210 by 297 mm"))
    return str(_("Letter, 215.9 by 279.4 mm"))


def _sheets(frozen: Frozen, packets: Sequence[Packet]) -> int:
    """Sheets that the volumes need; the other papers come on top."""
    return sum(sheets_for(one.pages, duplex=frozen.duplex) for one in packets)


def _envelopes(frozen: Frozen) -> str:
    """Which ones there are, and where a letter is folded for one with a window."""
    layout = LAYOUTS[frozen.layout]
    sizes = ", ".join(NAMES[one.paper.slug] for one in envelopes_for(layout.paper))
    if frozen.cards:
        return str(_("%(sizes)s without a window.", sizes=sizes))
    return str(
        _(
            "%(sizes)s without a window. For a window, fold the sheet at %(folds)s from the top.",
            sizes=sizes,
            folds=_folds(layout),
        )
    )


def _folds(layout: Layout) -> str:
    """Where the sheet is folded, in inches on Letter paper."""
    if layout.paper is LETTER:
        return " · ".join(f"{_in_eighths(fold / _MM_PER_INCH)} in" for fold in layout.folds)
    return " · ".join(f"{fold:g} mm" for fold in layout.folds)


def _in_eighths(inches: float) -> str:
    """A length as a ruler has it: 3⅞."""
    whole, eighths = divmod(round(inches * 8), 8)
    return f"{whole}{_EIGHTHS[eighths]}"


def _printing_steps(
    frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]
) -> tuple[str, ...]:
    paper = _(
        "Paper: %(paper)s. Print at actual size (100%%), not fitted to the page.",
        paper=_paper(frozen),
    )
    sign = _("Sign the cover letter by hand. Lay it on top, and the signature list below it.")
    check = _(
        "To check that nothing is missing or damaged, run “campaign verify” with the ZIP file."
    )
    last: tuple[str, ...] = (
        _("Take two copies of the delivery sheet. One stays there, one comes back signed."),
        check,
    )
    if frozen.by_post:
        last = (*_posting_steps(), check)
    lay = (
        (
            _(
                "Take the signed sheets that the table names. Cut the strip with the email "
                "addresses off each, along the dotted line. Lay the sheets below the list."
            ),
        )
        if facts.on_paper
        else ()
    )
    if not facts.packets:
        return (paper, sign, *lay, *last)
    before, tie = _steps_of_letters(frozen, facts, files)
    return (paper, *before, sign, *lay, tie, *last)


def _posting_steps() -> tuple[str, ...]:
    """How it goes to the post."""
    return (
        _(
            "All in one parcel: use a label of labels.pdf. In several envelopes: open “Envelopes” "
            "on the page of the bundle. It makes an address sheet for each and tells its weight."
        ),
        _(
            "Record on the page of the bundle on which day you posted it. We then tell the people "
            "who wrote."
        ),
    )


def _steps_of_letters(
    frozen: Frozen, facts: ReadmeFacts, files: Sequence[FileFacts]
) -> tuple[tuple[str, ...], str]:
    """What is done before the cover letter is signed, and how packets are made in the end."""
    sheets = _sheets(frozen, facts.packets)
    others = sum(_other_sheets(files, duplex=frozen.duplex).values())
    lay = ngettext(
        "Put %(number)s sheet into the printer for the volumes, and %(others)s for the other "
        "papers.",
        "Put %(number)s sheets into the printer for the volumes, and %(others)s for the other "
        "papers.",
        sheets,
        number=say_number(sheets, facts.locale),
        others=say_number(others, facts.locale),
    )
    contents = _(
        "Lay on each volume its page of contents.pdf, and nothing between its letters. If you "
        "doubt a file, compare the checksum there with that in manifest.json. Take the page off "
        "before you deliver the volume."
    )
    tie = (
        _("Tie the cards with a ribbon, one pile for each official.")
        if frozen.cards
        else _("Fold the letters only for window envelopes, each in one of its own.")
        if frozen.by_post
        else _(
            "Fold the letters for window envelopes only if you post them. Otherwise deliver them "
            "flat."
        )
    )
    return (lay, _how(frozen), contents), tie


def _how(frozen: Frozen) -> str:
    if frozen.cards:
        words = _(
            "Print the volumes one after the other, one-sided, on card stock. Cut the sheets of "
            "each volume into four piles. Lay the piles on each other in this order, from the top: "
            "upper left, upper right, lower left, lower right."
        )
    elif frozen.duplex:
        words = _(
            "Print the volumes one after the other, on both sides, turned on the long edge. "
            "Blank pages make each letter begin on its own sheet."
        )
    else:
        words = _(
            "Print the volumes one after the other, one-sided. Each letter begins on its own sheet."
        )
    return str(words)


def _file_row(facts: FileFacts, locale: str, frozen: Frozen) -> FileRow:
    pages = say_number(facts.pages, locale) if facts.pages else ""
    noun = noun_of_format(frozen.format)
    return FileRow(facts.name, describe_file(facts.name, by_post=frozen.by_post, noun=noun), pages)
