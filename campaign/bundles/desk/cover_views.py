"""The desk's page on the cover letter to a mission: its words in one language, and how it looks."""

from collections.abc import Sequence

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from campaign.bundles.desk.change_forms import CoverForm
from campaign.bundles.documents import cover_letter, cover_texts
from campaign.bundles.documents.cover_sample import sample_pdf
from campaign.bundles.documents.cover_texts import PLACEHOLDERS, CoverWords
from campaign.core import db, i18n
from campaign.core.errors import Invalid, NotFound
from campaign.core.settings import current_settings
from campaign.directory.missions import get_mission
from campaign.models.directory import Mission
from campaign.staff.desk_access import actor, staff_user
from campaign.web.page import Page, redirect_to, show_page


class CoverPage(Page, template="bundles/cover.html"):
    mission: Mission
    language: str
    form: CoverForm
    kept: bool
    """Whether the mission has words of its own."""
    locales: Sequence[str]
    placeholders: Sequence[str]


def register(blueprint: Blueprint) -> None:
    """Put the page under the mission's name."""
    blueprint.add_url_rule("/missions/<slug>/cover", "cover", first)
    blueprint.add_url_rule(
        "/missions/<slug>/cover/<locale>", "edit_cover", edit, methods=["GET", "POST"]
    )


def first(slug: str) -> ResponseReturnValue:
    """Lead to the language of the mission."""
    mission = get_mission(db.session(), slug=slug)
    locale = cover_texts.language_of(mission, current_settings().locales)
    return redirect(url_for("bundles.edit_cover", slug=slug, locale=locale))


def edit(slug: str, locale: str) -> ResponseReturnValue:
    """The words; saved, looked at as they will print, or put back to the usual ones."""
    session = db.session()
    mission = get_mission(session, slug=slug)
    if locale not in current_settings().locales:
        raise NotFound("language")
    kept = cover_texts.find_words(session, mission_id=mission.id, locale=locale)
    with force_locale(locale.replace("-", "_")):
        usual = cover_letter.usual_words(mission.kind.value)
    form = CoverForm(obj=kept or usual)
    if form.validate_on_submit():
        try:
            return _save_or_show(mission, locale, form, usual)
        except Invalid as problem:
            form.refuse_problem(problem)
    return show_page(
        CoverPage(
            mission=mission,
            language=locale,
            form=form,
            kept=kept is not None,
            locales=i18n.languages(),
            placeholders=list(PLACEHOLDERS),
        )
    )


def _save_or_show(
    mission: Mission, locale: str, form: CoverForm, usual: CoverWords
) -> ResponseReturnValue:
    """Do what the pressed button says. Raises Invalid."""
    words = form.words()
    if "look" in request.form:
        cover_texts.check_words(words)
        pdf = sample_pdf(mission, locale, words, current_settings())
        return Response(pdf, mimetype="application/pdf")
    chosen = None if "usual" in request.form or words == usual else words
    cover_texts.save_words(
        db.session(),
        mission=mission,
        locale=locale,
        words=chosen,
        actor=actor(),
        staff_id=staff_user().id,
        risks_seen=bool(form.risks_seen.data),
    )
    message = _("The standard text is back in use.") if chosen is None else _("Text saved.")
    return redirect_to("bundles.edit_cover", message, slug=mission.slug, locale=locale)
