"""Following: the page of a letter, all of one's letters, and what can still be done with them."""

from flask import Blueprint

from campaign.following import (
    change_views,
    letter_views,
    mailbox_views,
    news_views,
    readers,
    refusing,
)

blueprint = Blueprint("following", __name__)
refusing.register(blueprint)
letter_views.register(blueprint)
mailbox_views.register(blueprint)
change_views.register(blueprint)
news_views.register(blueprint)
blueprint.add_app_template_global(readers.news_readers_in_words)
