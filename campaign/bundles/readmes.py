"""The README of a bundle: what lies in it, and how it is printed. For staff, in their language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign import i18n
from campaign.bundles import files
from campaign.bundles.frozen import Frozen
from campaign.bundles.manifest import FileFacts
from campaign.bundles.packets import Packet, sheets_for
from campaign.bundles.papers import describe_file
from campaign.bundles.postage import say_weight, weigh
from campaign.bundles.saying import say_number
from campaign.bundles.sheet_papers import remade_note
from campaign.letters.context import FactRow, FileRow, ReadmeContext
from campaign.letters.envelope_sizes import NAMES, envelopes_for
from campaign.letters.layouts import LAYOUTS


@dataclass(frozen=True, slots=True)
class Told:
    """What a README tells besides what was frozen."""

    folder: str
    letters: int
    aside: int
    on_paper: int
    packets: Sequence[Packet]
    locale: str
    """Of the staff who print."""


def readme_context(frozen: Frozen, told: Told, made: Sequence[FileFacts]) -> ReadmeContext:
    """The page that tells staff what lies in the bundle and how to print it."""
    return ReadmeContext(
        locale=told.locale,
        title=told.folder,
        introduction=(
            *_rehearsal_note(frozen),
            _what_it_is(frozen, told),
            *(
                remade_note(one.volume, one.taken_out, told.locale)
                for one in told.packets
                if one.taken_out
            ),
        ),
        facts_heading=_("The bundle"),
        facts=(*_facts(frozen, told), *_postage(frozen, told, made)),
        files_heading=_("The files, in the order in which they are needed"),
        file_labels=(_("File"), _("What it is"), _("Pages")),
        files=tuple(_file_row(one, told.locale, by_post=frozen.by_post) for one in made),
        printing_heading=_("How to print"),
        printing=_printing_steps(frozen, told),
    )


def _what_it_is(frozen: Frozen, told: Told) -> str:
    if told.packets and frozen.by_post:
        return str(
            _(
                "This folder holds letters that are ready to be printed and posted. Keep it where "
                "only those can read it who must: it names the people who wrote."
            )
        )
    if told.packets:
        return str(
            _(
                "This folder holds letters that are ready to be printed and handed over. Keep it "
                "where only those can read it who must: it names the people who wrote."
            )
        )
    return str(
        _(
            "This folder holds the papers that go with sheets which people signed by hand. Keep it "
            "where only those can read it who must: it names the people who signed."
        )
    )


def _rehearsal_note(frozen: Frozen) -> tuple[str, ...]:
    if not frozen.rehearsal:
        return ()
    words = _("This is a rehearsal. The letters are invented: hand nothing of it to anybody.")
    return (str(words),)


def _facts(frozen: Frozen, told: Told) -> list[FactRow]:
    rows = [
        FactRow(_("Campaign"), f"{frozen.case.reference} · {frozen.case.person_name}"),
        FactRow(_("By post to") if frozen.by_post else _("Mission"), frozen.mission.name),
        FactRow(_("Frozen on"), i18n.say_date(frozen.frozen_on, told.locale)),
    ]
    if told.packets:
        rows.append(FactRow(_("Letters"), say_number(told.letters, told.locale)))
        rows.append(FactRow(_("Set aside"), say_number(told.aside, told.locale)))
    if told.on_paper:
        rows.append(FactRow(_("Signed on paper"), say_number(told.on_paper, told.locale)))
    rows.append(FactRow(_("Paper"), _paper(frozen)))
    if told.packets:
        sheets = say_number(_sheets(frozen, told.packets), told.locale)
        rows.append(FactRow(_("Sheets of paper"), sheets))
    return [*rows, FactRow(_("Envelopes"), _envelopes(frozen))]


def _postage(frozen: Frozen, told: Told, made: Iterable[FileFacts]) -> Iterator[FactRow]:
    """What all of it weighs that goes to the post, as a hint for the rate."""
    if not frozen.by_post:
        return
    paper, card = LAYOUTS[frozen.layout].paper, frozen.format == "card"
    papers = sum(one.pages or 0 for one in made if one.name in {files.COVER, files.SIGNATURES_PDF})
    grams = weigh(_sheets(frozen, told.packets), paper, card=card) + weigh(papers, paper)
    yield FactRow(
        _("Weight"),
        _(
            "About %(weight)s without envelopes, cover letter and list included. Check the rate "
            "at the post office.",
            weight=say_weight(grams, told.locale),
        ),
    )


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
    folds = " · ".join(f"{fold:g}" for fold in layout.folds)
    return str(
        _(
            "%(sizes)s without a window. For a window, fold %(folds)s mm from the top "
            "(layout %(layout)s).",
            sizes=sizes,
            folds=folds,
            layout=layout.slug,
        )
    )


def _printing_steps(frozen: Frozen, told: Told) -> tuple[str, ...]:
    paper = _("Paper: %(paper)s. Print at actual size (100%%), not fitted to the page.",
              paper=_paper(frozen))  # fmt: skip
    sign = _("Sign the cover letter by hand. Lay it on top, and the list of signatures below it.")
    check = _(
        "To check that nothing is missing or damaged, run “campaign verify” with the ZIP file."
    )
    last: tuple[str, ...] = (
        _("Take two copies of the sheet for the gate: one stays there, one comes back signed."),
        check,
    )
    if frozen.by_post:
        last = (*_posting_steps(), check)
    if not told.packets:
        lay = _("Lay the signed sheets and cards below the list.")
        return (paper, sign, lay, *last)
    before, tie = _steps_of_letters(frozen, told)
    return (paper, *before, sign, tie, *last)


def _posting_steps() -> tuple[str, ...]:
    """How it goes to the post."""
    return (
        _(
            "All in one parcel: use a label of labels.pdf. In several envelopes: open “Envelopes” "
            "on the page of the bundle. It makes an address sheet for each and tells its weight."
        ),
        _("Note on the page of the bundle on which day it was posted: its writers are told."),
    )


def _steps_of_letters(frozen: Frozen, told: Told) -> tuple[tuple[str, ...], str]:
    """What is done before the cover letter is signed, and how packets are made in the end."""
    sheets = _sheets(frozen, told.packets)
    lay = ngettext(
        "Put %(number)s sheet into the printer for the volumes, and some for the other papers.",
        "Put %(number)s sheets into the printer for the volumes, and some for the other papers.",
        sheets,
        number=say_number(sheets, told.locale),
    )
    contents = _(
        "Lay on each packet its page of contents.pdf, and nothing between its letters. Compare "
        "the checksum there with that in manifest.json where you doubt a file."
    )
    tie = (
        _("Tie the cards with a ribbon, a packet for each official.")
        if frozen.format == "card"
        else _("Fold the letters only for window envelopes, each in one of its own.")
        if frozen.by_post
        else _("Fold for window envelopes only if the letters are posted; hand them over flat.")
    )
    return (lay, _how(frozen), contents), tie


def _how(frozen: Frozen) -> str:
    if frozen.format == "card":
        words = _(
            "Print the volumes one after the other, one-sided, on card. Cut each sheet into four."
        )
    elif frozen.duplex:
        words = _(
            "Print the volumes one after the other, on both sides, turned on the long edge: each "
            "letter begins on its own sheet, as blank pages see to it."
        )
    else:
        words = _(
            "Print the volumes one after the other, one-sided: each letter begins on its own sheet."
        )
    return str(words)


def _file_row(facts: FileFacts, locale: str, *, by_post: bool) -> FileRow:
    pages = say_number(facts.pages, locale) if facts.pages else ""
    return FileRow(facts.name, describe_file(facts.name, by_post=by_post), pages)
