"""The blueprint of officials and missions: for organizers (and admins)."""

from flask import Blueprint

from campaign.accounts.guards import guard
from campaign.accounts.models import Role

blueprint = Blueprint("officials", __name__)
guard(blueprint, Role.ORGANIZER)
