"""The public pages on which a letter is written and signed: no cookie, no account, no script."""

from flask import Blueprint

from campaign.letters.html import letter_fragment
from campaign.reading import intake
from campaign.signing import signing_views
from campaign.signing.names import full_name

blueprint = Blueprint("signing", __name__)
intake.init_blueprint(blueprint)
blueprint.add_app_template_global(letter_fragment, "letter_fragment")
blueprint.add_app_template_global(full_name, "full_name")
signing_views.register(blueprint)
