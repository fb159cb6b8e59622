"""The desk's page of a case's picture."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField

from campaign.campaigns.content import pictures
from campaign.campaigns.desk.blueprint import blueprint, languages_of, load
from campaign.campaigns.desk.forms import PICTURE_HINT, CampaignForm, make_form
from campaign.campaigns.desk.labels import name_language
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage
from campaign.core import db
from campaign.core.errors import Invalid, NotFound
from campaign.models.campaign import Campaign
from campaign.staff.desk_access import actor
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import LineField, NumberField
from campaign.web.meant_field import MeantField
from campaign.web.page import show_page
from campaign.web.security import takes_file

_PERCENT = _l("Enter a number from 0 to 100.")


class PictureForm(EditConflictForm, CampaignForm):
    """A file, where in it that is which matters; `picture_form` adds what it shows."""

    picture = FileField(_l("Picture"), description=PICTURE_HINT)
    x = NumberField(_l("From the left, in percent"), most=100, words=_PERCENT)
    y = NumberField(_l("From the top, in percent"), most=100, words=_PERCENT)
    risks_seen = MeantField(_l("Save it anyway"))

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Say of each language by its name that what the picture shows is missing in it."""
        others = dict(fields)
        for name, slug in fields.items():
            if slug == "picture-alt-missing" and name.startswith("alt_"):
                message = _(
                    "%(language)s: describe the picture for people who cannot see it.",
                    language=name_language(name.removeprefix("alt_")),
                )
                self[name].errors = [message]
                del others[name]
        super().refuse(others)

    def alts(self, codes: Sequence[str]) -> dict[str, str]:
        return {code: self[f"alt_{code}"].data or "" for code in codes}


def picture_form(codes: Sequence[str], **kwargs: Any) -> PictureForm:
    fields = {f"alt_{code}": LineField(_l("What the picture shows"), limit=300) for code in codes}
    return make_form(PictureForm, fields, kwargs)


class EditPicture(DraftPage, template="campaigns/picture.html"):
    campaign: Campaign
    form: PictureForm
    codes: Sequence[str]
    written: Collection[str]
    size: tuple[int, int] | None


@blueprint.route("/<slug>/picture", methods=["GET", "POST"])
@takes_file(pictures.MAX_BYTES)
def edit_picture(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    codes = languages_of(campaign)
    desk = Desk(campaign, "picture")
    form = picture_form(codes, data=_data(campaign, codes), **desk.typed())
    drawn = _draw(form, campaign, codes)
    form.now = _data(desk.held(), codes)
    if "remove" in request.form and form.validate_on_submit():
        pictures.remove_picture(session, campaign, actor=actor())
        return desk.stay(_("Picture removed."))
    save = partial(_save, form, campaign, codes, drawn)
    if answer := desk.save_current(form, save, lambda: _("Picture saved.")):
        return answer
    written = {edition.locale for edition in campaign.editions} | {campaign.default_locale}
    size = pictures.size_of(campaign.picture) if campaign.picture else None
    page = EditPicture(
        campaign=campaign, form=form, codes=codes, written=written, size=size, drafting=desk
    )
    return show_page(page)


@blueprint.get("/<slug>/picture/<name>")
def show_picture(slug: str, name: str) -> ResponseReturnValue:
    """The picture, or a part of it, for the desk: also while the case is not public."""
    campaign = load(slug)
    keys = (campaign.picture, campaign.picture_wide, campaign.picture_small)
    if f"{pictures.FOLDER}/{name}" not in keys:
        raise NotFound("picture")
    body = pictures.read(f"{pictures.FOLDER}/{name}")
    return Response(body, mimetype=pictures.mimetype_of(name))


def _draw(
    form: PictureForm, campaign: Campaign, codes: Sequence[str]
) -> pictures.DrawnPicture | Invalid | None:
    """Draw what is new before the campaign is locked; what is wrong is said when it is saved.

    What will not be saved is not drawn, but for a new file: then all that is wrong is said at once.
    """
    if {"keep", "remove"} & set(request.form) or not form.validate_on_submit():
        return None
    file, x, y = form.picture.data, _share(form.x), _share(form.y)
    try:
        if file and file.filename:
            return pictures.draw_picture(file.stream, x=x, y=y, name=file.filename)
        if pictures.list_undescribed(campaign, form.alts(codes)):
            return None
        return pictures.draw_parts(campaign, x=x, y=y)
    except Invalid as problem:
        return problem


def _save(
    form: PictureForm,
    campaign: Campaign,
    codes: Sequence[str],
    drawn: pictures.DrawnPicture | Invalid | None,
) -> None:
    pictures.set_picture(
        db.session(),
        campaign,
        alt=form.alts(codes),
        x=_share(form.x),
        y=_share(form.y),
        drawn=drawn,
        **form.by(),
    )


def _share(field: NumberField) -> int:
    """What was typed; what is kept, or the middle, where it was left empty."""
    values = (field.data, field.object_data)
    return next((value for value in values if value is not None), 50)


def _data(campaign: Campaign, codes: Sequence[str]) -> dict[str, object]:
    alts = campaign.picture_alt or {}
    words = {f"alt_{code}": alts.get(code, "") for code in codes}
    place = {"x": campaign.picture_x, "y": campaign.picture_y}
    return {"key": campaign.picture, **place, **words}
