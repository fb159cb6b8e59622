"""What the frame of every desk page shows: the sections a role has, and who is signed in."""

from typing import NamedTuple

from flask import g, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from campaign.core.settings import current_settings
from campaign.core.template_context import TemplateContext
from campaign.models.staff import WRITERS, Role
from campaign.staff.desk_access import is_guarded_request, staff_user


class Section(NamedTuple):
    """An entry of the desk's navigation, as `templates/desk.html` reads it."""

    label: str
    url: str
    current: bool


_PRINTERS = frozenset({Role.STAFF, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})
_EVERYBODY = frozenset(Role)
# Of several pages, which have tabs, the section leads to the first.
_SECTIONS = (
    ("today.index", _l("Today"), _EVERYBODY),
    ("campaigns.index", _l("Campaigns"), WRITERS),
    ("directory.index", _l("Officials"), WRITERS),
    ("directory.missions", _l("Missions"), WRITERS),
    ("replies.index", _l("Replies"), _EVERYBODY),
    ("bundles.index", _l("Letters and bundles"), _PRINTERS),
    ("screening.index", _l("Screening"), _PRINTERS),
    ("paper_signatures.index", _l("Paper signatures"), _PRINTERS),
    ("exports.index", _l("Exports"), _PRINTERS),
    ("crm.index webhooks.index api_tokens.index", _l("Other programs"), _ADMINS),
    ("about_desk.index", _l("About us"), _ADMINS),
    ("staff.users.index", _l("Staff"), _ADMINS),
    ("staff.audit_log.index", _l("Audit log"), _ADMINS),
)


class DeskFrame(TemplateContext):
    """What `templates/desk.html` has round each page of the desk."""

    desk_nav: list[Section]
    staff_name: str
    staff_id: str
    account_url: str
    sign_out_url: str
    desk_home_url: str
    desk_zone: str


def desk_context() -> dict[str, object]:
    """Return the frame of a page of the desk; nothing for pages outside of it.

    A public page must not even look at the session: its answer would then differ by cookie, and
    no cache could keep it. Error pages have no user (`web/error_pages.py`).
    """
    if "without_user" in g or not is_guarded_request() or not current_user.is_authenticated:
        return {}
    user = staff_user()
    return DeskFrame(
        desk_nav=list_sections(user.role),
        staff_name=user.name or user.email,
        staff_id=user.public_id,
        account_url=url_for("staff.show_account"),
        sign_out_url=url_for("staff.sign_out"),
        desk_home_url=url_for("staff.home"),
        desk_zone=current_settings().timezone,
    ).values()


def list_sections(role: Role) -> list[Section]:
    """List the sections that `role` may enter, the one of this page marked."""
    here = request.path
    entries = [
        (str(label), [url_for(name) for name in names.split()])
        for names, label, roles in _SECTIONS
        if role in roles
    ]
    above = [
        url
        for _label, urls in entries
        for url in urls
        if here == url or here.startswith(url.rstrip("/") + "/")
    ]
    current = max(above, key=len, default=None)
    return [Section(label, urls[0], current in urls) for label, urls in entries]
