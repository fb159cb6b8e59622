"""The desk's page on which a campaign is carried further: partners' pages, posters, sheets."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.campaigns.content import embed_codes
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.staff.guards import actor
from campaign.web.desk import accepted
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import TextField
from campaign.web.page import show_page


class ReachForm(EditConflictForm, CampaignForm):
    hosts = TextField(
        _l("Partners’ sites"),
        limit=3000,
        description=_l(
            "One per line, for example example.org. Only these sites can show the form. Add "
            "www.example.org too if the site uses it."
        ),
    )


class Reach(DraftPage, template="campaigns/embedding.html"):
    campaign: Campaign
    form: ReachForm
    site: str
    site_languages: Sequence[str]


@blueprint.route("/<slug>/reach", methods=["GET", "POST"])
def edit_reach(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "reach")
    now = {"hosts": "\n".join(desk.held().embed_hosts)}
    form = ReachForm(data=now, **desk.typed())
    form.mark_seen(now)
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_reach", slug=slug)
    hosts = (form.hosts.data or "").splitlines()
    if (
        form.validate_on_submit()
        and form.is_current(now)
        and accepted(
            form,
            lambda: embed_codes.set_embed_hosts(db.session(), campaign, actor=actor(), hosts=hosts),
        )
    ):
        desk.drop()
        return done(_("Sites saved."), ".edit_reach", slug=slug)
    page = Reach(
        campaign=campaign,
        form=form,
        site=current_settings().base_url.rstrip("/"),
        site_languages=i18n.languages(),
        **desk.words(),
    )
    return show_page(page)
