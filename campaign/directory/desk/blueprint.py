"""The blueprint of officials and missions: for organizers (and admins)."""

from flask import Blueprint

from campaign.directory.desk import entry_display, import_labels
from campaign.directory.desk.forms import CONTACT_LABELS
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.models.staff import Role
from campaign.staff.guards import guard

blueprint = Blueprint("directory", __name__)
guard(blueprint, Role.ORGANIZER)


@blueprint.context_processor
def add_words() -> dict[str, object]:
    return {
        "kind_labels": KIND_LABELS,
        "contact_labels": CONTACT_LABELS,
        "entry_name": entry_display.get_entry_name,
        "entry_place": entry_display.describe_place,
        "list_url": entry_display.get_list_url,
        "field_label": import_labels.say_field,
        "how_to_mend": import_labels.say_how_to_mend,
        "shown_value": import_labels.say_value,
        "why_it_stays": import_labels.say_why_it_stays,
        "import_url": entry_display.get_import_url,
    }
