"""The blueprint of officials and missions: for organizers (and admins)."""

from flask import Blueprint

from campaign.models.staff import Role
from campaign.staff.guards import guard

blueprint = Blueprint("directory", __name__)
guard(blueprint, Role.ORGANIZER)
