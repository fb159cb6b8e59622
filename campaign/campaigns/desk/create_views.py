"""The desk's page on which a campaign begins, with a draft of what is typed there."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns import campaigns
from campaign.campaigns.content import new_drafts
from campaign.campaigns.desk.blueprint import blueprint, done
from campaign.campaigns.desk.forms import FactsForm
from campaign.campaigns.desk.save_with_draft import (
    DraftPage,
    as_typed,
    draft_kept,
    draft_words,
    dropped_answer,
    kept_answer,
    show_other,
    this_tab,
    typed_fields,
)
from campaign.core import db
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import slug_of
from campaign.models.campaign import LetterFormat
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import accepted
from campaign.web.page import show_page


class CreateCampaign(DraftPage, template="campaigns/create.html"):
    form: FactsForm


@blueprint.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    session, me = db.session(), staff_user().id
    draft = new_drafts.find(session, staff_id=me) if request.method == "GET" else None
    going_on = draft is not None and "draft" in request.args
    typed = {"formdata": as_typed(draft.content)} if draft and going_on else {}
    form = FactsForm(
        campaigns.list_followable(session, None, by=staff_user()), data=_fresh(), **typed
    )
    other = None
    if "keep" in request.form:
        if _keep():
            return done(draft_kept(), ".create")
        draft = new_drafts.find(session, staff_id=me)
        other = show_other(form, draft) if draft else None
    if form.validate_on_submit() and accepted(
        form,
        lambda: campaigns.create_campaign(session, actor=actor(), created_by_id=me, **form.facts()),
    ):
        new_drafts.drop(session, staff_id=me, tab=this_tab())
        slug = slug_of(form.reference.data)
        return done(
            _("Draft created. Only the campaign’s team and the admins can see it."),
            ".show",
            slug=slug,
        )
    words = draft_words(draft, url_for(".keep_new_draft"), other)
    return show_page(CreateCampaign(form=form, **words))


@blueprint.post("/new/draft")
def keep_new_draft() -> ResponseReturnValue:
    """For the page's script, while one types."""
    return kept_answer(_keep())


@blueprint.post("/new/draft/drop")
def drop_new_draft() -> ResponseReturnValue:
    is_dropped = new_drafts.drop(db.session(), staff_id=staff_user().id, tab=this_tab())
    return dropped_answer(is_dropped, url_for(".create"))


def _keep() -> bool:
    return new_drafts.keep(
        db.session(), staff_id=staff_user().id, content=typed_fields(), tab=this_tab()
    )


def _fresh() -> dict[str, object]:
    settings = current_settings()
    return {
        "format": LetterFormat.LETTER.value,
        "timezone": settings.timezone,
        "default_locale": settings.locales[0],
        "letter_locales": settings.locales,
    }
