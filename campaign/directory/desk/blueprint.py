"""The blueprint of officials and missions, and what their templates know."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from campaign.directory.desk import labels
from campaign.models.directory import Directory, DirectoryImport
from campaign.models.staff import Role
from campaign.staff.desk_access import guard

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
blueprint = Blueprint("directory", __name__)
guard(blueprint, Role.ORGANIZER)


def add_page_to_both(path: str, *methods: str) -> Callable[[View], View]:
    """Add a page to the officials' part and to the missions'."""

    def register(view: View) -> View:
        for directory in Directory:
            blueprint.add_url_rule(
                f"/desk/{directory.value}{path}",
                view_func=view,
                defaults={"directory": directory.value},
                methods=methods or ("GET",),
            )
        return view

    return register


def get_import_url(endpoint: str, upload: DirectoryImport, **values: str | int) -> str:
    return url_for(
        f"directory.{endpoint}",
        directory=upload.directory.value,
        public_id=upload.public_id,
        **values,  # type: ignore[arg-type]  # of the page alone
    )


def _get_list_url(**changes: object) -> str:
    """Return this list's address with other filters, order or page; empty values are left out."""
    state = request.args.to_dict() | {name: str(value) for name, value in changes.items()}
    query = urlencode({name: value for name, value in state.items() if value})
    return f"{request.path}?{query}" if query else request.path


@blueprint.context_processor
def add_words() -> dict[str, object]:
    return {
        "kind_labels": labels.KIND_LABELS,
        "contact_labels": labels.CONTACT_LABELS,
        "entry_name": labels.get_entry_name,
        "entry_place": labels.describe_place,
        "list_url": _get_list_url,
        "field_label": labels.say_field,
        "how_to_mend": labels.say_how_to_mend,
        "shown_value": labels.say_value,
        "why_it_stays": labels.say_why_it_stays,
        "import_url": get_import_url,
    }
