"""The blueprint of officials and missions: for organizers (and admins)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app

from campaign.accounts.guards import guard
from campaign.accounts.models import Role
from campaign.settings import Settings

blueprint = Blueprint("officials", __name__)
guard(blueprint, Role.ORGANIZER)


def today() -> date:
    """This day where the organisation is."""
    settings: Settings = current_app.extensions["settings"]
    return datetime.now(ZoneInfo(settings.timezone)).date()
