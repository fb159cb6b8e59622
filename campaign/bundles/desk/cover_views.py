"""The desk's page on the cover letter to a mission: its words in one language, and how it looks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from campaign.bundles.documents import cover_letter, cover_texts
from campaign.bundles.documents.cover_texts import LIMITS, PLACEHOLDERS, CoverWords, unknown_in
from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.directory.missions import get_mission
from campaign.models.directory import Mission
from campaign.staff.desk_access import actor
from campaign.web.edit_conflict import EditConflictForm, lock_row
from campaign.web.form_fields import LineField, TextField
from campaign.web.meant_field import MeantField, read_answers
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page


class CoverForm(EditConflictForm):
    sentences: Mapping[str, object] = {
        "cover-empty": _l("Enter a text, or use the standard text again."),
        "cover-too-long": _l("This text is too long for a cover letter. Shorten it."),
        "cover-character": _l("One character here cannot be printed. Write it another way."),
    }
    subject = LineField(_l("Subject"), limit=LIMITS["subject"])
    salutation = LineField(_l("Salutation"), limit=LIMITS["salutation"])
    body = TextField(_l("Text"), limit=LIMITS["body"])
    close = LineField(_l("Close"), limit=LIMITS["close"])
    risks_seen = MeantField(_l("Save it anyway"))

    def words(self) -> CoverWords:
        fields = (self.subject, self.salutation, self.body, self.close)
        return CoverWords(*(field.data or "" for field in fields))

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put the sentence for each slug by its field, and name what is no placeholder."""
        names = unknown_in(self.words())
        unknown = {
            "cover-placeholder": ngettext(
                "%(names)s is not a placeholder. You can use: %(known)s.",
                "%(names)s are not placeholders. You can use: %(known)s.",
                len(names),
                names=", ".join(names),
                known=", ".join(f"(({name}))" for name in PLACEHOLDERS),
            )
        }
        self.sentences = {**self.sentences, **unknown}
        super().refuse(fields)


class CoverPage(Page, template="bundles/cover.html"):
    mission: Mission
    language: str
    form: CoverForm
    kept: bool  # whether the mission has words of its own
    locales: Sequence[str]
    placeholders: Sequence[str]


def register(blueprint: Blueprint) -> None:
    add, page = blueprint.add_url_rule, "/missions/<slug>/cover"
    add(page, "cover", lead_to_language)
    add(f"{page}/<locale>", "edit_cover", edit, methods=["GET", "POST"])


def lead_to_language(slug: str) -> ResponseReturnValue:
    mission = get_mission(db.session(), slug=slug)
    locale = cover_texts.language_of(mission, current_settings().locales)
    return redirect(url_for("bundles.edit_cover", slug=slug, locale=locale))


def edit(slug: str, locale: str) -> ResponseReturnValue:
    """The words; saved, looked at as they will print, or put back to the usual ones."""
    session = db.session()
    mission = get_mission(session, slug=slug)
    if locale not in current_settings().locales:
        raise NotFound("language")
    if request.method == "POST" and "look" not in request.form:
        lock_row(session, mission)
    kept = cover_texts.find_words(session, mission_id=mission.id, locale=locale)
    with force_locale(locale):
        usual = cover_letter.usual_words(mission.kind.value)
    form = CoverForm(data=asdict(kept or usual))
    if form.validate_on_submit():
        with ProblemsOn(form):
            if answer := _save_or_show(mission, locale, form, usual):
                return answer
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
) -> ResponseReturnValue | None:
    """None where somebody saved in between."""
    session, words = db.session(), form.words()
    if "look" in request.form:
        cover_texts.check_words(words)
        pdf = cover_letter.sample_pdf(mission, locale, words, current_settings())
        return Response(pdf, mimetype="application/pdf")
    if not form.is_current():
        return None
    chosen = None if "usual" in request.form or words == usual else words
    cover_texts.save_words(
        session,
        mission=mission,
        locale=locale,
        words=chosen,
        actor=actor(),
        risks_seen=read_answers(),
    )
    message = _("The standard text is in use.") if chosen is None else _("Text saved.")
    return redirect_to("bundles.edit_cover", message, slug=mission.slug, locale=locale)
