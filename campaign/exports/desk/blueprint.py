"""The blueprint of exports."""

from flask import Blueprint

from campaign.models.staff import Role
from campaign.staff.guards import guard

blueprint = Blueprint("exports", __name__, url_prefix="/desk/exports")
guard(blueprint, Role.STAFF)
