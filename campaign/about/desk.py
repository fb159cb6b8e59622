"""What the organization adds to *Privacy notice*, *About us* and *Accessibility*."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from campaign.about.page_texts import (
    MOST_CHARACTERS,
    list_empty_languages,
    list_empty_settings,
    list_newest,
    list_versions,
    save_text,
)
from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.models.about import AboutPage, OrganisationText
from campaign.models.staff import Role
from campaign.staff.audit_log.labels import ABOUT_PAGES
from campaign.staff.desk_access import guard, staff_user
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page

blueprint = Blueprint("about_desk", __name__, url_prefix="/desk/about-us")
guard(blueprint, Role.ADMIN)


class TextForm(EditConflictForm):
    text = TextAreaField(
        _l("Your text"),
        description=_l("A line with ## before it is a heading. An empty line starts a paragraph."),
    )
    sentences: Mapping[str, object] = {
        "text-too-long": _l("Shorten the text to 20,000 characters at most.")
    }


assert MOST_CHARACTERS == 20_000  # as the form says


class ListTexts(Page, template="about/texts.html"):
    pages: Sequence[AboutPage]
    page_names: Mapping[str, object]
    codes: Sequence[str]
    newest: Mapping[tuple[AboutPage, str], OrganisationText]
    empty_settings: Sequence[str]
    empty_languages: Sequence[str]


class EditText(Page, template="about/edit_text.html"):
    form: TextForm
    page_name: object
    language: str
    public_url: str
    versions: Sequence[OrganisationText]


@blueprint.get("/")
def index() -> ResponseReturnValue:
    session, settings = db.session(), current_settings()
    page = ListTexts(
        pages=list(AboutPage),
        page_names=ABOUT_PAGES,
        codes=i18n.languages(),
        newest=list_newest(session),
        empty_settings=list_empty_settings(settings),
        empty_languages=list(list_empty_languages(session, settings)),
    )
    return show_page(page)


@blueprint.route("/<page>/<locale>", methods=["GET", "POST"])
def edit(page: str, locale: str) -> ResponseReturnValue:
    if page not in list(AboutPage) or locale not in i18n.languages():
        abort(404)
    session, of = db.session(), AboutPage(page)
    versions = list_versions(session, of, locale)
    form = TextForm(data={"text": versions[0].text if versions else ""})
    if form.validate_on_submit() and form.is_current():
        with ProblemsOn(form):
            save_text(session, of, locale, text=form.text.data or "", staff_id=staff_user().id)
            return redirect_to(".edit", _("The text is saved."), page=page, locale=locale)
    edit_page = EditText(
        form=form,
        page_name=ABOUT_PAGES[page],
        language=locale,
        public_url=url_for(f"about.{page}", lang=locale),
        versions=versions,
    )
    return show_page(edit_page)
