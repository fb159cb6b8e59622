"""Who put a campaign into the status that it has, in a sentence."""

from flask_babel import gettext as _

from campaign.campaigns import status_changes
from campaign.campaigns.record_change import UNSCHEDULED
from campaign.core import audit, db, i18n
from campaign.core.audit import AuditEntry
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.staff.desk_access import name_staff


def say_last_move(campaign: Campaign) -> str:
    """Say who put it where it is, and when; nothing of what was put there otherwise."""
    move = status_changes.find_last_move(db.session(), campaign)
    if move is None:
        return ""
    who = name_staff(audit.staff_id(move.actor))
    when = i18n.say_moment_in_zone(move.at, campaign.timezone)
    if not who:
        return _("The status changed on %(when)s.", when=when)
    if move.action == UNSCHEDULED:
        moved = _(
            "%(who)s changed the campaign on %(when)s, which cancelled the scheduled opening.",
            who=who,
            when=when,
        )
    elif move.action == f"campaign.{CampaignStatus.REVIEW}":
        moved = _("%(who)s sent it for approval on %(when)s.", who=who, when=when)
    else:
        return _("%(who)s changed the status on %(when)s.", who=who, when=when)
    return " ".join(filter(None, (moved, _say_last_writer(campaign, move))))


def _say_last_writer(campaign: Campaign, move: AuditEntry) -> str:
    """Say who changed it since it came to be approved; empty where that was who moved it."""
    writer = campaign.submitted_by_id
    if campaign.status is not CampaignStatus.REVIEW or writer == audit.staff_id(move.actor):
        return ""
    who = name_staff(writer)
    return _("%(who)s has changed the campaign since then.", who=who) if who else ""
