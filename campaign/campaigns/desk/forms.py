"""The base of the forms of campaigns: what they say of what services find invalid, by slug."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import Form
from wtforms.validators import ValidationError

from campaign.campaigns.content.risks import RiskNamed
from campaign.campaigns.create_and_edit import NotReady
from campaign.campaigns.desk.gap_sentences import link_to_mend, say_gap
from campaign.campaigns.desk.labels import say_rewritten_letters
from campaign.campaigns.record_change import Editing, SpoilsOpening
from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.staff.desk_access import actor
from campaign.web.form_base import OTHERWISE, RISK_NAMED, DeskForm
from campaign.web.form_fields import LineField, TextField
from campaign.web.meant_field import read_answers
from campaign.web.page import accepted

PICTURE_HINT = _l(
    "JPEG, PNG or WebP, at least 400 pixels wide, at most 12 MB. We remove the details of place "
    "and camera. Do not show anyone who has not agreed."
)
SENTENCES: Mapping[str, object] = {
    "reference-taken": _l("Another campaign has this reference. Enter a different one."),
    "reference-empty": _l("The reference needs letters or digits, as in UA 58/20."),
    "deadline-past": _l(
        "This day has passed. Enter a later day. To end an open campaign, close it."
    ),
    "letters-signed": _l(
        "People have already signed letters, so this campaign can no longer change to cards. "
        "To collect cards, copy the campaign and change the copy."
    ),
    "cards-signed": _l(
        "People have already signed cards, so this campaign can no longer change to letters. "
        "To collect letters, copy the campaign and change the copy."
    ),
    "zone-signed": _l(
        "People have already signed, and their letters have dates in this time zone. You can no "
        "longer change it. To give people more time, change the deadline."
    ),
    "reopens-after-deadline": _l("Enter a deadline that has not passed."),
    "deadline-unset": _l("The letter uses ((deadline)). Keep a deadline, or change the letter."),
    "edition-missing": _l("The campaign is open. First write the text in its main language."),
    "edition-incomplete": _l(
        "The campaign is open. Keep a title, a summary and what the letter asks."
    ),
    "no-letter-language": _l("The campaign is open. Keep at least one language for letters."),
    "template-missing": _l("The campaign is open. Write the letter in that language first."),
    "no-target": _l("The campaign is open. Keep at least one official who receives letters."),
    "target-twice": _l("This official is already a recipient."),
    "points-too-many": _l("A letter can have at most twelve talking points. Merge or delete some."),
    "points-doubled": _l("Two talking points have the same key. Load the page again."),
    "note-missing": _l("Say what should change. The author reads it in the workspace."),
    "open-at-missing": _l("Enter the day and time when the campaign opens."),
    "moment-past": _l("This time has passed. Enter a later one."),
    "moment-skipped": _l("The clocks skip this hour that night. Enter another time."),
    "deadline-not-later": _l("Enter a later day than the current deadline."),
    "deadline-earlier": _l(
        "Signed letters and printed sheets name the later deadline that was published. Enter that "
        "day or a later one. To end the campaign early, close it."
    ),
    "deadline-missing": _l(
        "Signed letters and printed sheets name the deadline that was published. Enter that day or "
        "a later one. To end the campaign early, close it."
    ),
    "follows-circle": _l("That campaign already continues this one. Choose another."),
    "reason-missing": _l(
        "Enter a reason in at least one language. Everyone who visits the page can read it."
    ),
    "opens-under-embargo": _l(
        "The embargo will not be over by then. Choose the time it ends, or a later time."
    ),
    "stop-kind-missing": _l("Choose why you are stopping it. What supporters read depends on it."),
    "not-for-the-network": _l(
        "While a campaign is open, you can email the network further information and "
        "good news. Once it is closed, only good news. Once it is stopped, nothing."
    ),
    "not-for-signers": _l(
        "You can email supporters news while the campaign is open or closed. After a stop, "
        "you can email them only the outcome."
    ),
    "no-emails-after-stop": _l(
        "Nothing was published, because the campaign was stopped after you opened the page. An "
        "email that you asked for can no longer be sent. To publish the update without that "
        "email, send it again."
    ),
    "not-a-host": _l("Enter only the name of each site, for example example.org. One per line."),
    "hosts-too-many": _l("At most twenty sites can embed the form. Remove some."),
    "picture-alt-missing": _l("Describe the picture for people who cannot see it."),
    "picture-too-big": _l(
        "The picture is too big. At most 12 MB and 60 million pixels are possible. "
        "Choose a smaller copy."
    ),
    "picture-too-small": _l(
        "The picture is too small. It must be at least 400 pixels wide. Choose a larger copy."
    ),
    "not-a-picture": _l(
        "This file is not a JPEG, PNG or WebP picture, even if its name says so. Choose "
        "another file."
    ),
    "words-too-many": _l("Enter at most 200 lines, each with at most 80 characters."),
    "not-a-word": _l("Each line needs at least one letter or digit."),
    "text-too-long": _l(
        "The merged text is too long for this field. Shorten one of the two texts."
    ),
    "risk-named": RISK_NAMED,
    "copied-unseen": _l("Fix these items first, or tick the box to continue."),
    "picture-lies": _l(
        "The name of the file does not match its kind. End it with .jpg, .png or .webp "
        "and choose it again."
    ),
    "picture-missing": _l("Choose a picture."),
    "not-a-percentage": _l("Enter a number from 0 to 100."),
    "embargo-runs": _l("The embargo is not over. You cannot publish anything before it ends."),
    "embargo-too-late": _l("The case is already public, so an embargo is no longer possible."),
    "update-title-missing": _l("Write a title in the campaign’s main language."),
}


_KEEPS_OPENING: Mapping[str, object] = {
    "act_by": _l("Enter a deadline that has not passed by then, or cancel the opening first."),
    "embargo_until": _l(
        "Choose an end of the embargo that is not later, or cancel the opening first."
    ),
}

FormType = TypeVar("FormType", bound="CampaignForm")


REFUSALS: Mapping[str, object] = {
    "own-proposal": _l("You proposed this yourself. Someone else must decide."),
    "not-own-proposal": _l("Only the person who proposed this can recall it."),
    "proposal-decided": _l("This no longer needs a decision."),
    "second-person": _l("You edited the campaign last. Someone else must decide."),
    "needs-review": _l("Someone else must approve the campaign first. Send it for approval."),
    "campaign-not-ready": _l("The campaign cannot open at that time. First add what is missing."),
    "campaign-status": _l("The campaign has changed. Load the page again."),
    "deadline-moved": _l("The deadline was extended after you opened the page. Decide again."),
}


def list_sentences(
    problem: Invalid, otherwise: object, fields: Container[str] = ()
) -> Iterator[tuple[str, object]]:
    """List the fields that are at fault and what to say there; `otherwise` where nothing is known.

    What the campaign would lack, and no sentence of a form is about, is said as under *Still to
    do*, with a link to where it is mended if that is none of the `fields` of the page.
    """
    if isinstance(problem, SpoilsOpening):
        at = i18n.say_moment_in_zone(problem.open_at, problem.timezone)
        opens = _("The campaign opens automatically on %(moment)s.", moment=at)
        yield from ((name, f"{opens} {_KEEPS_OPENING[name]}") for name in problem.fields)
        return
    if not isinstance(problem, NotReady):
        yield from ((name, SENTENCES.get(slug, otherwise)) for name, slug in problem.fields.items())
        return
    for gap in problem.gaps:
        if words := SENTENCES.get(gap.slug):
            yield gap.form_field, words
        else:
            sentence, campaign = say_gap(problem.campaign, gap), problem.campaign
            is_here = gap.form_field in fields
            more = "" if is_here else Markup(" ") + link_to_mend(campaign, gap)
            yield gap.form_field, sentence + more


class CampaignForm(DeskForm):
    sentences = SENTENCES

    def refuse_problem(self, problem: Invalid) -> None:
        if isinstance(problem, NotReady | SpoilsOpening):
            self._say_problem(problem)
        else:
            super().refuse_problem(problem)
        if isinstance(problem, RiskNamed):
            self.refuse_rewriting(say_rewritten_letters(problem))
        db.session().rollback()  # the page shows the campaign as it is saved

    def _say_problem(self, problem: NotReady | SpoilsOpening) -> None:
        for name, words in dict.fromkeys(list_sentences(problem, OTHERWISE, self)):
            if name in self:
                self[name].errors = [*self[name].errors, words]
            else:
                self.form_errors.append(words)

    def by(self) -> Editing:
        return {"actor": actor(), "risks_seen": read_answers()}

    def does(self, action: Callable[[], object]) -> bool:
        """Do `action`; what it finds invalid or refuses is said on the form, with False.

        Raises Refused where no sentence is here for it: the page of errors has one.
        """
        try:
            return accepted(self, action)
        except Refused as problem:
            if problem.slug not in REFUSALS:
                raise
            self.form_errors.append(REFUSALS[problem.slug])
            return False


def make_form(
    base: type[FormType], fields: Mapping[str, object], kwargs: Mapping[str, Any]
) -> FormType:
    """Return a form with more fields than its class has: those of each language."""
    form: FormType = type(base.__name__, (base,), dict(fields))(**kwargs)
    return form


def post_fields(locales: Sequence[str]) -> dict[str, object]:
    """Fields `title_<language>` and `body_<language>`, with their checks, for a form's class."""
    fields: dict[str, object] = {}
    for code in locales:
        fields[f"title_{code}"] = LineField(_l("Title"), limit=200)
        fields[f"body_{code}"] = TextField(_l("Text"), limit=10_000)
        fields[f"validate_body_{code}"] = _needs_title(code)
        fields[f"validate_title_{code}"] = _needs_text(code, locales)
    return fields


def _needs_title(code: str) -> Callable[[Form, TextField], None]:
    def check(form: Form, field: TextField) -> None:
        if field.data and not form[f"title_{code}"].data:
            raise ValidationError(_l("Write a title in the same language as the text."))

    return check


def _needs_text(code: str, locales: Sequence[str]) -> Callable[[Form, LineField], None]:
    """A title alone would hide the text of the main language from its readers."""

    def check(form: Form, field: LineField) -> None:
        others = any(form[f"body_{other}"].data for other in locales if other != code)
        if field.data and others and not form[f"body_{code}"].data:
            raise ValidationError(
                _l(
                    "Write the text in this language too, or delete its title. Otherwise its "
                    "readers would miss the text."
                )
            )

    return check
