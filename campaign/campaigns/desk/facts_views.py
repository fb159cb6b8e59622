"""The desk's pages on which a campaign begins, its facts are changed and a draft is deleted."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import ValidationError

from campaign.campaigns import create_and_edit, find_campaigns
from campaign.campaigns.content.drafts import DraftPlace
from campaign.campaigns.content.part_contents import FACTS, plain_facts
from campaign.campaigns.create_and_edit import Facts, delete_draft
from campaign.campaigns.desk.blueprint import blueprint, done, load, name_person
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.labels import FORMATS, name_language
from campaign.campaigns.desk.save_with_draft import (
    Desk,
    DraftDesk,
    DraftPage,
    dropped_answer,
    kept_answer,
    number_seen,
)
from campaign.campaigns.themes import theme_name, themes_by_name
from campaign.core import db, i18n
from campaign.core.answers import question_key
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import slug_of
from campaign.core.time_zones import all_zones
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat
from campaign.models.revision import Part
from campaign.staff.desk_access import actor, staff_user
from campaign.web.form_fields import CheckboxesField, DayField, LineField, choices
from campaign.web.meant_field import MeantField, ask, read_answers
from campaign.web.page import Page, ProblemsOn, show_page

_TYPED = tuple(
    name for name in FACTS if name not in {"format", "themes", "letter_locales", "follows_id"}
)
"""Facts that the form has as the campaign has them."""


class FactsForm(CampaignForm):
    based_on = HiddenField()
    reference = LineField(
        _l("Reference"),
        limit=40,
        needed=_l("Enter the reference people use, for example UA 58/20."),
        description=_l(
            "The reference people use, for example UA 58/20. It becomes part of the page’s address."
        ),
    )
    index_number = LineField(_l("Index number"), limit=40)
    country = SelectField(_l("Country"))
    format = RadioField(_l("What people sign"))
    person_name = LineField(
        _l("Person"), limit=200, needed=_l("Enter the person’s name as the case sheet gives it.")
    )
    person_died = BooleanField(
        _l("This person has died"),
        description=_l("People then write a letter about this person, not for them."),
    )
    person_pronouns = LineField(
        _l("Pronouns"),
        limit=40,
        description=_l("The pronouns this person uses. Leave this empty if you do not know them."),
    )
    themes = CheckboxesField(
        _l("Themes"),
        description=_l(
            "People find the action by its themes. Network members choose the themes they "
            "get emails about."
        ),
    )
    issued_on = DayField(_l("Issued on"))
    act_by = DayField(
        _l("Deadline"),
        description=_l(
            "The deadline passes when the day has ended everywhere on Earth: at 12:00 UTC "
            "on the next day."
        ),
    )
    is_deadline_wrong = MeantField(_l("The published deadline was a mistake"))
    timezone = SelectField(
        _l("Time zone"), description=_l("The times of this campaign are shown in this time zone.")
    )
    default_locale = SelectField(
        _l("Main language"),
        description=_l("Readers see this language if there is no text in their own."),
    )
    letter_locales = CheckboxesField(
        _l("Languages of the letters"),
        description=_l("The languages the officials read and people write in."),
    )
    risks_seen = MeantField(_l("Save it anyway"))
    follows = SelectField(
        _l("Further information on"),
        description=_l("The earlier campaign that this one continues."),
    )
    asks_for_deadline = False  # whether an earlier one is possible, and only asked about
    letter_order: Sequence[str] = ()  # of a campaign's languages; the list has another

    def __init__(self, followable: Sequence[Campaign], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ids = {campaign.slug: campaign.id for campaign in followable}
        named = [(code, name_language(code)) for code in i18n.languages()]
        self.country.choices = choices([("", _l("Choose a country")), *i18n.countries()])
        self.format.choices = choices((kind.value, words) for kind, words in FORMATS.items())
        self.themes.choices = choices(
            _add_own(themes_by_name(), self.themes.object_data, theme_name)
        )
        self.timezone.choices = choices((zone, i18n.say_zone(zone)) for zone in all_zones())
        self.default_locale.choices = choices(named)
        self.letter_locales.choices = choices(
            _add_own(named, self.letter_locales.object_data, name_language)
        )
        others = [(other.slug, f"{other.reference} · {name_person(other)}") for other in followable]
        self.follows.choices = choices([("", _l("No other campaign")), *others])

    @staticmethod
    def of(
        campaign: Campaign, followable: Sequence[Campaign], *, based_on: int = 0, **kwargs: Any
    ) -> "FactsForm":
        slugs = {other.id: other.slug for other in followable}
        data = {name: getattr(campaign, name) for name in (*_TYPED, "themes", "letter_locales")}
        follows = slugs.get(campaign.follows_id or 0, "")
        data |= {"format": campaign.format.value, "follows": follows, "based_on": based_on}
        form = FactsForm(followable, data=data, **kwargs)
        form.letter_order = campaign.letter_locales
        return form

    def validate_country(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError(_l("Choose the country whose officials can act."))

    def validate_act_by(self, field: DayField) -> None:
        if field.data and self.issued_on.data and field.data < self.issued_on.data:
            message = _l("The deadline is before the day of issue. Change one of the two.")
            raise ValidationError(message)

    def refuse(self, fields: Mapping[str, str]) -> None:
        self.asks_for_deadline = fields.get("act_by") == "deadline-earlier"
        if self.asks_for_deadline:
            ask({self._key_of_deadline()}, self.is_deadline_wrong.name)
        super().refuse(fields)

    def means_deadline(self) -> bool:
        return self._key_of_deadline() in read_answers(self.is_deadline_wrong.name)

    def _key_of_deadline(self) -> str:
        return question_key("deadline", self.act_by.data)

    def facts(self) -> Facts:
        facts = {
            **{name: self[name].data for name in _TYPED},
            "format": LetterFormat(self.format.data),
            "themes": list(self.themes.data or []),
            "letter_locales": self._order_letter_locales(),
            "follows_id": self._ids.get(self.follows.data),
        }
        return cast("Facts", facts)

    def _order_letter_locales(self) -> list[str]:
        """Keep the order of the campaign: in a merge, another would look like a change."""
        own, ticked = list(self.letter_order), self.letter_locales.data or []
        return sorted(ticked, key=lambda code: own.index(code) if code in own else len(own))


def _add_own(
    named: list[tuple[str, str]], own: Sequence[str] | None, name_of: Callable[[str], str]
) -> list[tuple[str, str]]:
    """The list with what a campaign has beyond it, from before it was one."""
    keys = {key for key, _name in named}
    return [*named, *((key, name_of(key)) for key in own or () if key not in keys)]


class CreateCampaign(DraftPage, template="campaigns/create.html"):
    form: FactsForm


@blueprint.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    session, desk = db.session(), _new_desk()
    others = find_campaigns.list_followable(session, None, by=staff_user())
    settings = current_settings()
    form = FactsForm(
        others,
        data={
            "format": LetterFormat.LETTER.value,
            "timezone": settings.timezone,
            "default_locale": settings.locales[0],
            "letter_locales": settings.locales,
        },
        **desk.typed(),
    )
    if kept := desk.kept(form):
        return kept
    if form.validate_on_submit():
        with ProblemsOn(form):
            create_and_edit.create_campaign(
                session, actor=actor(), created_by_id=staff_user().id, **form.facts()
            )
            desk.drop()
            message = _("Draft created. Only the campaign’s team and the admins can see it.")
            return done(message, ".show", slug=slug_of(form.reference.data))
    return show_page(CreateCampaign(form=form, drafting=desk))


@blueprint.post("/new/draft")
def keep_new_draft() -> ResponseReturnValue:
    """For the page's script, while one types."""
    return kept_answer(_new_desk().keep())


@blueprint.post("/new/draft/drop")
def drop_new_draft() -> ResponseReturnValue:
    return dropped_answer(_new_desk().drop(), url_for(".create"))


def _new_desk() -> DraftDesk:
    return DraftDesk(DraftPlace(staff_user().id), url_for(".keep_new_draft"))


class DeleteDraft(Page, template="campaigns/delete.html"):
    campaign: Campaign
    form: CampaignForm


@blueprint.route("/<slug>/delete", methods=["GET", "POST"])
def delete(slug: str) -> ResponseReturnValue:
    campaign, form = load(slug), CampaignForm()
    if campaign.status is not CampaignStatus.DRAFT or campaign.opened_at is not None:
        raise Refused("not-a-draft")
    if form.validate_on_submit():
        reference = campaign.reference
        in_use = _(
            "You cannot delete this draft. Signature sheets or another campaign are linked to it."
        )
        with ProblemsOn(form, in_use):
            delete_draft(db.session(), campaign, actor=actor())
            return done(_("Draft %(reference)s deleted.", reference=reference), ".index")
    return show_page(DeleteDraft(campaign=campaign, form=form))


class EditFacts(DraftPage, template="campaigns/edit_facts.html"):
    campaign: Campaign
    form: FactsForm


@blueprint.route("/<slug>/facts", methods=["GET", "POST"])
def edit_facts(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    desk = Desk(campaign, Part.FACTS)
    others = find_campaigns.list_followable(session, campaign, by=staff_user())
    form = FactsForm.of(campaign, others, based_on=desk.seen, **desk.typed())
    answer = desk.save(
        form,
        lambda: plain_facts(form.facts()),
        lambda: create_and_edit.edit_campaign(
            session,
            campaign,
            based_on=number_seen(form),
            is_deadline_wrong=form.means_deadline(),
            **form.by(),
            **form.facts(),
        ),
        # The address follows the reference.
        lambda: done(_("Facts saved."), ".show", slug=campaign.slug),
    )
    return answer or show_page(EditFacts(campaign=campaign, form=form, drafting=desk))
