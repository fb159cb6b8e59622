"""The desk's page of the letter in one language."""

from collections.abc import Collection, Mapping, Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.content import targets, templates
from campaign.campaigns.content.address_and_salutation import list_addressed
from campaign.campaigns.content.current_letters import newest_templates
from campaign.campaigns.content.revisions import letter_place
from campaign.campaigns.content.risks import Finding, by_field, watch_of
from campaign.campaigns.content.templates import find_template
from campaign.campaigns.desk.blueprint import blueprint, check_locale, done, languages_of, load
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept
from campaign.campaigns.desk.texts.letter_form import TemplateForm, template_form
from campaign.campaigns.longest_name_fit import Fit, fits_of
from campaign.core import db
from campaign.models.campaign import Campaign, LetterTemplate, Target
from campaign.models.revision import Part
from campaign.printing.placeholders import KNOWN
from campaign.staff.desk_access import staff_user
from campaign.web.page import Page, show_page


class EditLetter(DraftPage, template="campaigns/edit_template.html"):
    campaign: Campaign
    form: TemplateForm
    language: str
    locales: Sequence[str]
    target: Target | None
    pattern: Mapping[str, str]
    """Points of the letter in another language, by their keys."""
    pattern_locale: str
    placeholders: Sequence[str]
    written: Collection[str]
    versions: Sequence[LetterTemplate]
    addressed: Sequence[Target]
    findings: Mapping[str, Sequence[Finding]]
    fits: Sequence[Fit]


class LetterVersion(Page, template="campaigns/show_version.html"):
    campaign: Campaign
    language: str
    target: Target | None
    version: LetterTemplate


@blueprint.route("/<slug>/letters/<locale>", methods=["GET", "POST"])
def edit_template(slug: str, locale: str) -> ResponseReturnValue:
    """The letter for all targets, or with `?for=` for one; what is saved is a new version."""
    session, campaign = db.session(), load(slug)
    check_locale(campaign, locale)
    target = _target(campaign)
    newest = find_template(session, campaign, locale, target)
    pattern = templates.points_to_translate(session, campaign, locale, target)
    desk = Desk(campaign, Part.LETTER, letter_place(locale, target))
    form = template_form(newest, pattern, **desk.typed())
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_template", slug=slug, locale=locale, **_for(target))
    answer = None
    if "move" in request.form:
        form.move(request.form["move"])
    elif form.validate_on_submit() and not form.more.data:
        answer = _save(form, desk, locale, target)
    return answer or _show(form, desk, locale, target, pattern)


def _show(
    form: TemplateForm,
    desk: Desk,
    locale: str,
    target: Target | None,
    pattern: LetterTemplate | None,
) -> ResponseReturnValue:
    session, campaign = db.session(), desk.campaign
    form.add_spare_rows()
    page = EditLetter(
        campaign=campaign,
        form=form,
        language=locale,
        locales=languages_of(campaign),
        target=target,
        pattern={point.key: point.text for point in pattern.points} if pattern else {},
        pattern_locale=pattern.locale if pattern else "",
        placeholders=list(KNOWN),
        written={template.locale for template in campaign.templates if template.target_id is None},
        versions=templates.list_versions(session, campaign, locale, target),
        addressed=list_addressed(campaign),
        findings=by_field(watch_of(campaign).findings(form.words(locale))),
        fits=_fits(campaign, locale, target),
        **desk.words(),
    )
    return show_page(page)


@blueprint.get("/<slug>/letters/<locale>/<int(max=999999):version>")
def show_version(slug: str, locale: str, version: int) -> ResponseReturnValue:
    campaign = load(slug)
    check_locale(campaign, locale)
    target = _target(campaign)
    letter = templates.get_version(db.session(), campaign, locale, target, version)
    page = LetterVersion(campaign=campaign, language=locale, target=target, version=letter)
    return show_page(page)


def _save(
    form: TemplateForm, desk: Desk, locale: str, target: Target | None
) -> ResponseReturnValue | None:
    if form.based_on.data is None:
        form.form_errors.append(_("The form arrived incomplete. Load the page again."))
        return None
    campaign = desk.campaign
    saving = form.by() | {"created_by_id": staff_user().id, "locale": locale, "target": target}
    return desk.save(
        form,
        form.content,
        lambda: templates.save_template(db.session(), campaign, **saving, **form.letter()),
        lambda: done(
            _("Letter saved."), ".edit_template", slug=campaign.slug, locale=locale, **_for(target)
        ),
    )


def _fits(campaign: Campaign, locale: str, target: Target | None) -> list[Fit]:
    owner = target.id if target else None
    return [
        fit
        for fit in fits_of(campaign, newest_templates(campaign))
        if fit.locale == locale and fit.template.target_id == owner
    ]


def _target(campaign: Campaign) -> Target | None:
    official = request.args.get("for", "")
    return targets.get_target(campaign, official) if official else None


def _for(target: Target | None) -> dict[str, str]:
    return {"for": target.official.slug} if target else {}
