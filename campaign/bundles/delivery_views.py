"""The desk's page on which staff record what happened at the gate."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import db, i18n
from campaign.accounts.guards import actor
from campaign.bundles import services
from campaign.bundles.deliveries import Post, record_delivery
from campaign.bundles.delivery_form import DeliveryForm, delivery_form
from campaign.bundles.models import Bundle, BundleState, DeliveryOutcome
from campaign.campaigns.pictures import MAX_BYTES, keep_picture
from campaign.errors import Invalid, Refused
from campaign.security import takes_file


def register(blueprint: Blueprint) -> None:
    """Put the page under a bundle's address."""
    blueprint.add_url_rule(
        "/<public_id>/deliveries/new", "record_delivery", record, methods=["GET", "POST"]
    )


@takes_file(MAX_BYTES)
def record(public_id: str) -> ResponseReturnValue:
    """An attempt to hand a bundle over, and what the case's page says of it."""
    bundle = services.get_bundle(db.session(), public_id)
    if bundle.state is not BundleState.READY:
        raise Refused("bundle-not-ready")
    locales = i18n.languages()
    form = delivery_form(locales, messages=bundle.letter_count)
    if form.validate_on_submit() and _recorded(bundle, form):
        flash(_("The delivery is recorded."))
        return redirect(url_for("bundles.show", public_id=public_id), 303)
    page = render_template(
        "bundles/record_delivery.html", bundle=bundle, form=form, locales=locales
    )
    return page, 422 if form.problems() else 200


def _recorded(bundle: Bundle, form: DeliveryForm) -> bool:
    """Whether it is kept; what was not taken is said on the form."""
    try:
        record_delivery(
            db.session(),
            campaign=bundle.campaign,
            mission=bundle.mission,
            bundle=bundle,
            happened_on=form.day(),
            messages=form.messages.data,
            outcome=DeliveryOutcome(form.outcome.data),
            place=form.place.data,
            received_by=form.received_by.data,
            notes={i18n.locale(): form.notes.data} if form.notes.data else {},
            post=_post(form),
            actor=actor(),
        )
    except Invalid as problem:
        form.refuse(problem.fields)
        return False
    return True


def _post(form: DeliveryForm) -> Post | None:
    words = form.words()
    if not words:
        return None
    if not form.picture.data:
        return Post(words)
    alt = {code: form.described(code) for code in words}
    return Post(words, keep_picture(form.picture.data.stream), alt)
