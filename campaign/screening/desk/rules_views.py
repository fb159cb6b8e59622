"""The organizers' page of a campaign's rules: what is held, never who."""

from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField

from campaign.campaigns.content.options import LONGEST_WORD, MOST_WORDS
from campaign.campaigns.desk.blueprint import load
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage
from campaign.core import db, i18n
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from campaign.screening import review_queue
from campaign.signing.checks.screening_rules import LEAST_ALIKE, MOST_FIRST, ScreeningRules
from campaign.signing.checks.wordlist import INSULT, LINK, PHONE, insult_languages
from campaign.staff.desk_access import actor, guard
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import CheckboxesField, NumberField, TextField, choices
from campaign.web.page import show_page

blueprint = Blueprint("screening_rules", __name__, url_prefix="/desk/campaigns")
guard(blueprint, Role.ORGANIZER)

_KINDS = {"insults": INSULT, "links": LINK, "phones": PHONE}
_THEN = [
    ("refuse", _l("Ask the supporter to change it at once")),
    ("hold", _l("Accept the letter and review it")),
]
_SAID = {
    "alike-too-few": _l("Enter 5 or more. People often copy a good sentence."),
    "shorter-than-longer": _l("Enter a number below the one for long letters."),
    "words-too-many": _l("Use at most 200 lines of at most 80 characters each."),
    "not-a-word": _l("Each line needs a letter or a digit."),
}


_number = partial(NumberField, words=_l("Enter a whole number up to %(max)s, or leave this empty."))


class RulesForm(EditConflictForm):
    sentences = _SAID

    first = _number(
        _l("First letters of the campaign"),
        most=MOST_FIRST,
        description=_l("We read this many letters before we count or print any letter unread."),
    )
    watched = TextField(
        _l("Words that send a letter to review"),
        limit=MOST_WORDS * (LONGEST_WORD + 1),
        description=_l(
            "One word or phrase on each line. No page tells supporters which words these are. "
            "The page of such a letter says only that we review it. Names of witnesses belong "
            "in Risks: there, the supporter does not learn of the review either. Words that no "
            "letter may contain belong in the letter options, where we refuse them."
        ),
    )
    insults = RadioField(_l("Insults"), choices=choices(_THEN))
    languages = CheckboxesField(_l("Lists of insults to use"))
    links = RadioField(_l("Links and email addresses"), choices=choices(_THEN))
    phones = RadioField(_l("Phone numbers"), choices=choices(_THEN))
    longer_than = _number(_l("Own words longer than this many characters"), most=5000)
    shorter_than = _number(_l("Own words shorter than this many characters"), most=1000)
    alike = _number(
        _l("Own words like those of this many other people"),
        most=200,
        description=_l(
            "5 or more. Leave this empty to let any number of people send the same text."
        ),
    )
    lookalikes = BooleanField(_l("Names like those of the staff, the organization or the case"))


class EditRules(DraftPage, template="screening/rules.html"):
    campaign: Campaign
    form: RulesForm
    waiting: int


@blueprint.route("/<slug>/screening", methods=["GET", "POST"])
def edit_rules(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "screening")
    form = RulesForm(data=_as_typed(ScreeningRules.of(desk.held().screening)), **desk.typed())
    form.languages.choices = choices(
        (code, i18n.language_name(code)) for code in insult_languages()
    )

    def save() -> None:
        review_queue.set_rules(db.session(), campaign, rules=_asked(form), actor=actor())

    if answer := desk.save_current(form, save, lambda: _("Rules saved.")):
        return answer
    waiting = review_queue.count_waiting(db.session(), campaign)
    return show_page(EditRules(campaign=campaign, form=form, waiting=waiting, drafting=desk))


@blueprint.app_template_global()
def screening_of_campaign(campaign: Campaign) -> dict[str, object]:
    session = db.session()
    return {
        "waiting": review_queue.count_waiting(session, campaign),
        "lookalikes": review_queue.list_lookalike_references(session, campaign),
    }


def _as_typed(set_now: ScreeningRules) -> dict[str, object]:
    languages = set_now.insult_languages
    return {
        "first": set_now.first or None,
        "watched": "\n".join(set_now.watched),
        **{name: "hold" if kind in set_now.held else "refuse" for name, kind in _KINDS.items()},
        "languages": insult_languages() if languages is None else list(languages),
        "longer_than": set_now.longer_than or None,
        "shorter_than": set_now.shorter_than or None,
        "alike": set_now.alike or None,
        "lookalikes": set_now.lookalikes,
    }


def _asked(form: RulesForm) -> ScreeningRules:
    languages = tuple(form.languages.data or ())
    every = set(languages) == set(insult_languages())
    return ScreeningRules(
        first=form.first.data or 0,
        longer_than=form.longer_than.data or 0,
        shorter_than=form.shorter_than.data or 0,
        alike=form.alike.data or 0,
        watched=tuple((form.watched.data or "").splitlines()),
        held=tuple(kind for name, kind in _KINDS.items() if form[name].data == "hold"),
        insult_languages=None if every else languages,
        lookalikes=bool(form.lookalikes.data),
    )


assert LEAST_ALIKE == 5  # as the form says
