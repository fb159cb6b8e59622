"""The desk's page of a campaign's text in one language, and the live preview of Markdown."""

from collections.abc import Collection, Mapping, Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from wtforms import HiddenField

from campaign.campaigns import proposals
from campaign.campaigns.content import editions
from campaign.campaigns.content.editions import EditionTexts
from campaign.campaigns.content.part_contents import EDITION, edition_content
from campaign.campaigns.content.parts import ASK_LIMIT, LIMITS, MOST_ASKS
from campaign.campaigns.content.risks import Finding, Words, by_field, edition_words, watch_of
from campaign.campaigns.desk.blueprint import blueprint, check_locale, languages_of, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, number_seen
from campaign.campaigns.desk.update_views import find_returned
from campaign.core import db
from campaign.core.text.desk_texts import lines, paragraphs
from campaign.models.campaign import Campaign, Edition
from campaign.models.revision import Part, Proposal, ProposalKind
from campaign.staff.desk_access import staff_user
from campaign.web.form_fields import LineField, TextField, each_within
from campaign.web.meant_field import MeantField
from campaign.web.page import Page, show_page


class EditionForm(CampaignForm):
    based_on = HiddenField()
    risks_seen = MeantField(_l("Save it anyway"))
    person_name = LineField(
        _l("Person’s name in this language"),
        limit=LIMITS["person_name"],
        description=_l("Only if it is not the name in the facts, for example for a group."),
    )
    title = LineField(
        _l("Title"),
        limit=LIMITS["title"],
        needed=_l("Write a title: the person’s name and what is happening."),
        description=_l("The person’s name and what is happening."),
    )
    summary = TextField(_l("Summary"), limit=LIMITS["summary"], description=_l("Three sentences."))
    asks = TextField(
        _l("What the letter asks"),
        limit=MOST_ASKS * (ASK_LIMIT + 1),
        description=_l("Two to five requests, one per line."),
    )
    background = TextField(
        _l("What happened"),
        limit=LIMITS["background"],
        description=_l("About 400 words, in Markdown."),
    )
    outcome = TextField(
        _l("How it ended"),
        limit=LIMITS["outcome"],
        description=_l("How this case ended, or how cases like it end. In Markdown."),
    )

    validate_asks = staticmethod(each_within(ASK_LIMIT, MOST_ASKS))

    def texts(self) -> EditionTexts:
        return {
            "person_name": self.person_name.data,
            "title": self.title.data,
            "summary": self.summary.data,
            "background": self.background.data,
            "asks": lines(self.asks.data),
            "outcome": self.outcome.data,
        }


class EditEdition(DraftPage, template="campaigns/edit_edition.html"):
    campaign: Campaign
    form: EditionForm
    language: str
    locales: Sequence[str]
    written: Collection[str]
    main: Edition | None
    findings: Mapping[str, Sequence[Finding]]
    previewed: bool
    proposed: Proposal | None


class TextPreview(Page, template="campaigns/_text_preview.html"):
    text: str
    language: str
    findings: Sequence[Finding]


@blueprint.route("/<slug>/editions/<locale>", methods=["GET", "POST"])
def edit_edition(slug: str, locale: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, Part.EDITION, check_locale(campaign, locale))
    content = edition_content(editions.find_edition(campaign, locale))
    data = (content | {"asks": "\n".join(content["asks"])} if content else {}) | {
        "based_on": desk.seen
    }
    if again := find_returned(campaign):
        data |= {"outcome": proposals.content_of(again).get(locale, data.get("outcome"))}
    form, before = EditionForm(**desk.typed(), data=data), find_own_outcome(campaign)
    answer = "preview" not in request.form and desk.save(
        form,
        lambda: edition_content(Edition(locale=locale, **form.texts())),
        lambda: editions.save_edition(
            db.session(),
            campaign,
            locale=locale,
            based_on=number_seen(form),
            **form.by(),
            **form.texts(),
        ),
        lambda: desk.stay(say_saved(_("Text saved."), campaign, before)),
    )
    return answer or _show(form, desk)


def say_saved(message: str, campaign: Campaign, before: int) -> str:
    """Say also that an outcome waits for a colleague, if one was proposed after that `before`."""
    if find_own_outcome(campaign) == before:
        return message
    sent = _("The change to the outcome becomes public when someone else approves it.")
    return f"{message} {sent}"


def find_own_outcome(campaign: Campaign) -> int:
    """Return the id of the newest outcome that the reader proposed; 0 where there is none."""
    mine = select(func.max(Proposal.id)).filter_by(
        campaign_id=campaign.id, made_by_id=staff_user().id, kind=ProposalKind.OUTCOME
    )
    return db.session().scalar(mine) or 0


@blueprint.post("/<slug>/text-preview/<locale>")
def preview_text(slug: str, locale: str) -> ResponseReturnValue:
    """What a field will look like on the page; htmx asks while one types."""
    campaign = load(slug)
    check_locale(campaign, locale)
    name = request.args.get("field", "")
    text = paragraphs(request.form.get(name, "")[: LIMITS["background"]])
    findings = watch_of(campaign).findings([Words("edition", locale, name, text)])
    return show_page(TextPreview(text=text, language=locale, findings=findings))


def _show(form: EditionForm, desk: Desk) -> ResponseReturnValue:
    campaign, locale = desk.campaign, desk.place
    typed = {name: str(form[name].data or "") for name in EDITION}
    page = EditEdition(
        campaign=campaign,
        form=form,
        language=locale,
        locales=languages_of(campaign),
        written={edition.locale for edition in campaign.editions},
        main=editions.find_edition(campaign, campaign.default_locale),
        findings=by_field(watch_of(campaign).findings(edition_words(locale, **typed))),
        previewed="preview" in request.form,
        proposed=proposals.find_outcomes(db.session(), campaign, staff_user()).get(locale),
        drafting=desk,
    )
    return show_page(page)
