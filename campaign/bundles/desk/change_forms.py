"""Forms of what is done with a bundle: print again, give up, and the words of a cover letter."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired

from campaign.bundles.changes.reprint_volumes import MOST_REASON, ReprintChoice
from campaign.bundles.documents.cover_texts import LIMITS, PLACEHOLDERS, CoverWords, unknown_in
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import LineField, TextField, choices

WORDS: Mapping[str, object] = {
    "reason-missing": _l("Enter a reason."),
    "cover-empty": _l("Enter a text, or use the standard text again."),
    "cover-too-long": _l("This text is too long for a cover letter. Shorten it."),
    "cover-character": _l("One character here cannot be printed. Write it another way."),
}


class ReprintForm(DeskForm):
    file = RadioField(_l("What to print again"), [InputRequired(_l("Choose what to print again."))])
    reason = LineField(
        _l("Reason"),
        limit=MOST_REASON,
        needed=WORDS["reason-missing"],
        description=_l("For example: the printer tore pages 12 to 20. We keep this with the date."),
    )

    @classmethod
    def of(cls, offers: Sequence[ReprintChoice]) -> "ReprintForm":
        """The form for what a bundle offers; the whole of it is `zip`."""
        form = cls()
        form.file.choices = choices(
            (choice.name or "zip", choice.name or gettext("The whole bundle, as one ZIP file"))
            for choice in offers
        )
        if not form.is_submitted() and offers:
            form.file.data = offers[0].name or "zip"
        return form

    def name(self) -> str:
        """The file that was chosen; empty for the whole ZIP."""
        return "" if self.file.data == "zip" else str(self.file.data)


class CancelForm(DeskForm):
    reason = LineField(
        _l("Reason"),
        limit=MOST_REASON,
        needed=WORDS["reason-missing"],
        description=_l("For example: one official is missing. We keep this with the bundle."),
    )


class CoverForm(DeskForm):
    subject = LineField(_l("Subject"), limit=LIMITS["subject"])
    salutation = LineField(_l("Salutation"), limit=LIMITS["salutation"])
    body = TextField(_l("Text"), limit=LIMITS["body"])
    close = LineField(_l("Close"), limit=LIMITS["close"])
    risks_seen = BooleanField(_l("Save it anyway"))

    def words(self) -> CoverWords:
        return CoverWords(
            self.subject.data or "",
            self.salutation.data or "",
            self.body.data or "",
            self.close.data or "",
        )

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put the sentence for each slug by its field."""
        for name, slug in fields.items():
            words = WORDS.get(slug) or _unknown(self.words())
            self[name].errors = [*self[name].errors, words]


def _unknown(words: CoverWords) -> str:
    names = unknown_in(words)
    return str(
        ngettext(
            "%(names)s is not a placeholder. You can use: %(known)s.",
            "%(names)s are not placeholders. You can use: %(known)s.",
            len(names),
            names=", ".join(names),
            known=", ".join(f"(({name}))" for name in PLACEHOLDERS),
        )
    )
