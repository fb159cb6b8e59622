"""The public pages on which a letter is written and signed: no cookie, no account, no script."""

from flask import Blueprint

from campaign.core.text.person_names import full_name
from campaign.printing.html import letter_fragment
from campaign.public.pages import before_request
from campaign.signing.form import views

blueprint = Blueprint("signing", __name__)
before_request.init_blueprint(blueprint)
blueprint.add_app_template_global(letter_fragment, "letter_fragment")
blueprint.add_app_template_global(full_name, "full_name")
views.register(blueprint)
