"""What the desk's campaign pages share: the guarded blueprint, loading, what is said after."""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from campaign.campaigns import check_readiness, copied_texts, find_campaigns, lifecycle
from campaign.campaigns.check_readiness import Gap, Step
from campaign.campaigns.closing_reasons import reason_of
from campaign.campaigns.content import rewritten_letters, team
from campaign.campaigns.record_change import needs_second_person
from campaign.campaigns.themes import theme_name
from campaign.core import db, i18n
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus, Edition
from campaign.models.staff import Role
from campaign.staff.desk_access import guard, staff_user
from campaign.web.page import redirect_to

blueprint = Blueprint("campaigns", __name__, url_prefix="/desk/campaigns")
guard(blueprint, Role.ORGANIZER)
blueprint.add_app_template_filter(theme_name)
blueprint.add_app_template_global(reason_of)


def load(slug: str) -> Campaign:
    """Return the campaign of this page. Raises NotFound, also for one of another team."""
    campaign = team.get_campaign_of(db.session(), slug, staff_user())
    g.waiting = (campaign, campaign.open_at) if is_undone_by_change(campaign) else None
    return campaign


def is_undone_by_change(campaign: Campaign) -> bool:
    """Whether it is approved and opens by itself, until somebody changes it."""
    return campaign.status is CampaignStatus.SCHEDULED and needs_second_person()


_PARTS = ("edition", "template", "options", "picture", "risks", "targets")
_VIEWS = ("edit_facts", "edit_reach", "merge", "post_update", "show_history", "side_by_side")
CHANGING = {f"campaigns.{view}" for view in (*_VIEWS, *(f"edit_{part}" for part in _PARTS))} | {
    "screening_rules.edit_rules"
}
"""Pages of one campaign that save through `record_change`, so that its opening goes off."""


@blueprint.app_template_global()
def warns_of_change(campaign: Campaign) -> bool:
    """Whether this page says that saving takes the opening off."""
    return request.endpoint in CHANGING and is_undone_by_change(campaign)


_STEPS = {f".edit_{part}" for part in _PARTS} | {".side_by_side"}
"""Pages on which one stays after saving: they say what comes next."""


def list_gaps(campaign: Campaign) -> list[Gap]:
    """Everything that is missing or doubtful; what it still says of another campaign at the end."""
    return [*check_readiness.gaps(campaign, utcnow()), *list_copied(campaign)]


def list_copied(campaign: Campaign) -> list[Gap]:
    return copied_texts.list_gaps(db.session(), campaign)


@blueprint.app_template_global()
def next_of(campaign: Campaign) -> Step | None:
    """The next thing to do on a campaign that has not opened, also where it could open without."""
    if not lifecycle.is_rehearsal(campaign.status):
        return None
    gaps = list_gaps(campaign)
    step = check_readiness.next_step(campaign, gaps)
    if step.gap:
        return step
    optional = next((gap for gap in gaps if not gap.blocking), None)
    return Step("improve", optional) if optional else step


@blueprint.app_template_filter("person")
def name_person(campaign: Campaign) -> str:
    """Return what the person is called in the reader's language.

    Asked once for all campaigns that are loaded by then: lists name many.
    """
    session, locale = db.session(), i18n.locale()
    names: dict[tuple[int, str], str] = session.info.setdefault("names of people", {})
    if (campaign.id, locale) not in names:
        keys = session.identity_map.keys()
        loaded = [key[1][0] for key in keys if key[0] is Campaign]
        asked = select(Edition.campaign_id, Edition.person_name).where(
            Edition.locale == locale, Edition.campaign_id.in_([campaign.id, *loaded])
        )
        names |= {(ident, locale): "" for ident in (campaign.id, *loaded)}
        names |= {(ident, locale): name for ident, name in session.execute(asked)}
    return names[campaign.id, locale] or campaign.person_name


def check_locale(campaign: Campaign, locale: str) -> str:
    """Return `locale`; 404 where neither pages nor letters of this campaign can be in it."""
    if locale not in languages_of(campaign):
        abort(404)
    return locale


def languages_of(campaign: Campaign) -> list[str]:
    """Return the site's languages, and those that this campaign has beyond them."""
    more = [*campaign.letter_locales, *(edition.locale for edition in campaign.editions)]
    return list(dict.fromkeys([*i18n.languages(), *more]))


def done(message: str, endpoint: str, **values: object) -> ResponseReturnValue:
    """Go on to a page that says what was done, what comes next, and what it undid."""
    flash(message)
    if endpoint in _STEPS:
        flash("", "next")
    campaign, open_at = g.get("waiting") or (None, None)
    if campaign is not None and campaign.status is CampaignStatus.REVIEW and open_at is not None:
        message = _(
            "The opening on %(moment)s is cancelled. Someone else must approve the campaign again.",
            moment=i18n.say_moment_in_zone(open_at, campaign.timezone),
        )
        flash(message, "alarm")
    return redirect_to(endpoint, **values)


@blueprint.app_template_global()
def letters_naming_deadline(campaign: Campaign) -> int:
    return rewritten_letters.count_naming_deadline(db.session(), campaign)


@blueprint.app_template_global()
def list_harm_stops(campaign: Campaign) -> Sequence[Campaign]:
    return find_campaigns.list_harm_stops(db.session(), campaign)


@blueprint.app_template_global()
def list_linked_ended(campaign: Campaign) -> Sequence[Campaign]:
    return find_campaigns.list_linked_ended(db.session(), campaign)


@blueprint.app_template_global()
def list_linked_scheduled(campaign: Campaign) -> Sequence[Campaign]:
    return find_campaigns.list_linked_scheduled(db.session(), campaign, by=staff_user())


@blueprint.app_template_global()
def linked_url(campaign: Campaign) -> str:
    """A public campaign's page at the desk; for who may not see it there, what everybody reads."""
    if team.may_see(db.session(), campaign, staff_user()):
        return url_for("campaigns.show", slug=campaign.slug)
    return url_for("public.case", slug=campaign.slug, lang=i18n.locale())


@blueprint.app_template_global()
def mend_url(campaign: Campaign, gap: Gap) -> str:
    match gap.part:
        case "edition":
            return url_for("campaigns.edit_edition", slug=campaign.slug, locale=gap.locale)
        case "letter":
            return url_for("campaigns.edit_template", slug=campaign.slug, locale=gap.locale)
        case "official":
            return url_for("directory.edit", slug=gap.subject)
        case "successor":
            return url_for("campaigns.aimed_at", official=gap.subject)
        case "mission":
            return url_for("directory.edit_mission", slug=gap.subject)
        case "update":
            return url_for("campaigns.post_update", slug=campaign.slug)
        case part:
            return url_for(f"campaigns.edit_{part}", slug=campaign.slug)
