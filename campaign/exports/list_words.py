"""What a list says in the language that it was asked for: heads, marks, and what a cell means.

JSON Lines are for programs, and say it by the names that stand here as keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.core import i18n
from campaign.exports.export_rules import Watermark
from campaign.models.export import ExportKind

HEADS: Mapping[str, object] = {
    "number": _l("Number"),
    "target": _l("Official"),
    "outcome": _l("What happened"),
    "went_on": _l("Moved to bundle"),
    "signature": _l("Signature"),
    "state": _l("Status"),
    "origin": _l("How it came"),
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "email": _l("Email"),
    "locality": _l("Town"),
    "region": _l("Region"),
    "postal_code": _l("Postal code"),
    "country": _l("Country"),
    "disclosure": _l("Officials see"),
    "language": _l("Language"),
    "signed_on": _l("Signed on"),
    "signed_at": _l("Signed at (UTC)"),
    "confirmed_at": _l("Confirmed at (UTC)"),
    "news": _l("Wants news of the case"),
    "network": _l("In the network"),
    "words": _l("Own words"),
}
"""Heads of the columns."""
_MEANINGS: Mapping[str, Mapping[str, object]] = {
    "state": {
        "confirmed": _l("Confirmed"),
        "held": _l("Under review"),
        "rejected": _l("Rejected"),
        "invalid": _l("Excluded"),
    },
    "origin": {"online": _l("Online"), "paper": _l("On paper"), "import": _l("Imported")},
    "disclosure": {
        "name": _l("Name only"),
        "town": _l("Name and town"),
        "full": _l("Name, town and postal code"),
    },
    "went_on": {"waiting": _l("Needs another bundle")},
    "outcome": {
        "accepted": _l("Accepted"),
        "part": _l("Accepted in part, not yet known which letters"),
        "refused": _l("Refused"),
        "left": _l("Left at the door"),
        "posted": _l("Posted"),
        "courier": _l("Sent by courier"),
        "stopped": _l("Not delivered: stopped"),
    },
}
_MARK: Mapping[str, object] = {
    "export": _l("Export"),
    "campaign": _l("Campaign"),
    "bundle": _l("Bundle"),
    "list": _l("List"),
    "asked by": _l("Requested by"),
    "approved by": _l("Approved by"),
    "asked at": _l("Requested on"),
    "reason": _l("Purpose"),
    "note": _l("Note"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Every word of a list's file that is not a supporter's, in one language."""

    heads: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, str]]
    mark: Sequence[tuple[str, str]]  # name and value of each fact of the mark
    yes: str
    no: str
    sheets: tuple[str, str]  # names of a workbook's sheets: the mark, and the list
    page: str  # foot of a printed page, in the terms of a workbook
    locale: str

    @property
    def rtl(self) -> bool:
        return i18n.direction(self.locale) == "rtl"

    def say_cell(self, column: str, cell: str | bool) -> str:
        if isinstance(cell, bool):
            return self.yes if cell else self.no
        if column == "country" and cell:
            return i18n.country_name(cell, self.locale)
        meanings = self.meanings.get(column, {})
        if column == "outcome":  # one after the other
            return " · ".join(meanings.get(slug, slug) for slug in cell.split())
        return meanings.get(cell, cell)

    def say_mark(self) -> str:
        """Say the mark on one line, as the first row of a CSV file."""
        return "# " + " · ".join(f"{name}: {value}" for name, value in self.mark)


def wording_of(mark: Watermark, locale: str) -> Wording:
    with force_locale(locale):
        return Wording(
            heads={name: str(words) for name, words in HEADS.items()},
            meanings={
                column: {code: str(words) for code, words in known.items()}
                for column, known in _MEANINGS.items()
            },
            mark=_say_facts(mark),
            yes=_("yes"),
            no=_("no"),
            sheets=(str(_MARK["export"]), str(_MARK["list"])),
            page=_("Page %(page)s of %(pages)s", page="&P", pages="&N"),
            locale=locale,
        )


def _say_facts(mark: Watermark) -> list[tuple[str, str]]:
    words = {
        "bundle": "" if mark.bundle else _("Whole campaign"),
        "list": _("For vetting") if mark.kind is ExportKind.FULL else _("For officials"),
        "approved by": "" if mark.approved_by else _("no approval was needed"),
        "note": _("Personal data. Use it only for this purpose and destroy it afterwards."),
    }
    return [(str(_MARK[name]), words.get(name) or value) for name, value in mark.lines()]
