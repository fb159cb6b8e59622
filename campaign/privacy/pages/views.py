"""Pages on which supporters see, fetch and erase what is kept of them."""

from flask import Blueprint

from campaign.privacy.pages import mailbox_views
from campaign.tracking import refusals

blueprint = Blueprint("privacy", __name__)
refusals.register(blueprint)
mailbox_views.register(blueprint)
