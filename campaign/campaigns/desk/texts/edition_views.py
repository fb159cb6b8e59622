"""The desk's page of a campaign's text in one language, and the live preview of Markdown."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import editions
from campaign.campaigns.content.part_contents import Content, edition_content
from campaign.campaigns.content.risk_words import Words, by_field, edition_words
from campaign.campaigns.content.risks import watch_of
from campaign.campaigns.desk.blueprint import (
    blueprint,
    done,
    known_locale,
    languages_of,
    load,
    page,
)
from campaign.campaigns.desk.forms import EditionForm
from campaign.campaigns.desk.save_with_draft import Desk, draft_kept, number_seen
from campaign.core import db
from campaign.core.text.desk_texts import paragraphs
from campaign.models.campaign import Edition
from campaign.models.revision import Part
from campaign.staff.guards import actor

MARKDOWN = ("background", "outcome")
"""Fields whose text is Markdown."""
_LONGEST = 20_000


@blueprint.route("/<slug>/editions/<locale>", methods=["GET", "POST"])
def edit_edition(slug: str, locale: str) -> ResponseReturnValue:
    """The text in one language, beside that in the main language."""
    campaign = load(slug)
    desk = Desk(campaign, Part.EDITION, known_locale(campaign, locale))
    found = editions.find_edition(campaign, locale)
    form = EditionForm(**desk.typed(), data=_data(found) | {"based_on": desk.seen})
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_edition", slug=slug, locale=locale)
    if "preview" not in request.form and form.validate_on_submit():
        saved = _save(form, desk)
        if saved is True:
            return done(_("The text is saved."), ".edit_edition", slug=slug, locale=locale)
        if saved is not False:
            return saved
    return _show(form, desk, locale)


@blueprint.post("/<slug>/text-preview/<locale>")
def preview_text(slug: str, locale: str) -> ResponseReturnValue:
    """A text as the page will show it, while it is typed; `field` names it in the form."""
    campaign = load(slug)
    known_locale(campaign, locale)
    name = request.args.get("field", "")
    text = paragraphs(request.form.get(name, "")[:_LONGEST])
    return render_template(
        "campaigns/_text_preview.html",
        text=text,
        language=locale,
        found=watch_of(campaign).findings([Words("edition", locale, name, text)]),
    )


def _save(form: EditionForm, desk: Desk) -> ResponseReturnValue | bool:
    session, campaign, locale = db.session(), desk.campaign, desk.place

    def mine() -> Content:
        return edition_content(Edition(locale=locale, **form.texts()))

    return desk.save(
        form,
        mine,
        lambda: editions.save_edition(
            session,
            campaign,
            actor=actor(),
            locale=locale,
            based_on=number_seen(form),
            risks_seen=bool(form.risks_seen.data),
            **form.texts(),
        ),
    )


def _show(form: EditionForm, desk: Desk, locale: str) -> ResponseReturnValue:
    campaign = desk.campaign
    typed = {
        name: str(form[name].data or "")
        for name in ("title", "summary", "asks", "background", "outcome")
    }
    return page(
        "edit_edition",
        form,
        campaign=campaign,
        language=locale,
        locales=languages_of(campaign),
        written={one.locale for one in campaign.editions},
        main=editions.find_edition(campaign, campaign.default_locale),
        findings=by_field(watch_of(campaign).findings(edition_words(locale, **typed))),
        previewed="preview" in request.form,
        **desk.words(),
    )


def _data(edition: Edition | None) -> dict[str, Any]:
    content = edition_content(edition)
    return content | {"asks": "\n".join(content["asks"])} if content else {}
