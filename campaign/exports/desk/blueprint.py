"""The blueprint of exports, and what its pages share."""

from functools import partial
from typing import Any

from flask import Blueprint, render_template

from campaign.bundles.documents.number_and_day_words import say_number
from campaign.core import i18n
from campaign.models.staff import Role
from campaign.staff.guards import guard, staff_user

blueprint = Blueprint("exports", __name__, url_prefix="/desk/exports")
guard(blueprint, Role.STAFF)


def page(name: str, **facts: Any) -> str:
    """A page of exports, with what all of them need."""
    number = partial(say_number, locale=i18n.locale())
    return render_template(f"exports/{name}.html", number=number, me=staff_user(), **facts)
