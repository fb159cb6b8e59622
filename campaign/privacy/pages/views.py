"""Pages on which supporters see, fetch and erase what is kept of them."""

from flask import Blueprint

from campaign.privacy.pages import mailbox_views
from campaign.tracking import printable_letter

blueprint = Blueprint("privacy", __name__)
printable_letter.register(blueprint)
mailbox_views.register(blueprint)
