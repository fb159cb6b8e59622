"""The blueprint of the pages of a letter."""

from flask import Blueprint

from campaign.tracking import news_subscription, printable_letter
from campaign.tracking.pages import change_letter_views, letter_views, news_views

blueprint = Blueprint("tracking", __name__)
printable_letter.register(blueprint)
letter_views.register(blueprint)
change_letter_views.register(blueprint)
news_views.register(blueprint)
blueprint.add_app_template_global(news_subscription.news_readers_in_words)
