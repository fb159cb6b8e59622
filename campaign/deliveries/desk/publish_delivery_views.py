"""What everybody reads of an attempt: written, published, taken back."""

from collections.abc import Sequence
from typing import cast

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from campaign.campaigns.desk.forms import post_fields
from campaign.core import db, i18n
from campaign.deliveries import publish_delivery, visits
from campaign.deliveries.desk.refusals import DeliveryForm
from campaign.models.bundle import DeliveryAttempt
from campaign.models.delivery import GateFile, GateFileKind, GateVisit
from campaign.staff.desk_access import actor
from campaign.web.form_fields import LineField
from campaign.web.page import Page, accepted, redirect_to, show_page


class PublishForm(DeliveryForm):
    """`publish_form` adds title and text in each language, and what each picture shows."""

    risks_seen = BooleanField(_l("Publish it anyway"))
    locales: Sequence[str] = ()
    files: Sequence[GateFile] = ()

    def post(self) -> publish_delivery.Post:
        codes = [code for code in self.locales if self[f"title_{code}"].data]
        return publish_delivery.Post(
            words={code: (self[f"title_{code}"].data, self[f"body_{code}"].data) for code in codes},
            pictures=tuple(
                (file.public_id, self._descriptions_of(file))
                for file in self.files
                if self[f"show_{file.public_id}"].data
            ),
        )

    def _descriptions_of(self, file: GateFile) -> dict[str, str]:
        typed = {code: self[f"alt_{code}_{file.public_id}"].data for code in self.locales}
        return {code: words for code, words in typed.items() if words}


class PublishAttempt(Page, template="deliveries/publish.html"):
    attempt: DeliveryAttempt
    visit: GateVisit
    form: PublishForm


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/deliveries/attempts/<public_id>/publish", "publish", publish, methods=["GET", "POST"])
    add("/deliveries/attempts/<public_id>/take-back", "take_back", take_back, methods=["POST"])


def publish(public_id: str) -> ResponseReturnValue:
    attempt, visit = _load(public_id)
    form = publish_form(attempt, visit)
    if form.validate_on_submit() and _is_published(attempt, visit, form):
        message = _("Published on the case page.")
        return redirect_to("deliveries.show", message, public_id=visit.public_id)
    return show_page(PublishAttempt(attempt=attempt, visit=visit, form=form))


def take_back(public_id: str) -> ResponseReturnValue:
    attempt, visit = _load(public_id)
    publish_delivery.unpublish(db.session(), attempt, actor=actor())
    message = _("Unpublished. The case page no longer shows it.")
    return redirect_to("deliveries.show", message, public_id=visit.public_id)


def publish_form(attempt: DeliveryAttempt, visit: GateVisit) -> PublishForm:
    """Make the form in the site's languages, with words to begin with."""
    codes = list(dict.fromkeys([attempt.campaign.default_locale, *i18n.languages()]))
    pictures = [file for file in visit.files if file.kind is GateFileKind.PICTURE]
    fields = post_fields(codes) | {"locales": tuple(codes), "files": tuple(pictures)}
    data: dict[str, str] = {}
    for picture in pictures:
        fields[f"show_{picture.public_id}"] = BooleanField(_l("Show this picture"))
        for code in codes:
            name = f"alt_{code}_{picture.public_id}"
            fields[name] = LineField(_l("What the picture shows"), limit=300)
    for code in codes:
        title, body = publish_delivery.propose_post(attempt, visit.destination, code)
        data |= {f"title_{code}": title, f"body_{code}": body}
    form_class = cast("type[PublishForm]", type("LocalisedPublishForm", (PublishForm,), fields))
    return form_class(data=data)


def _load(public_id: str) -> tuple[DeliveryAttempt, GateVisit]:
    session = db.session()
    attempt = visits.get_attempt(session, public_id)
    return attempt, visits.get_visit_of(session, attempt)


def _is_published(attempt: DeliveryAttempt, visit: GateVisit, form: PublishForm) -> bool:
    return accepted(
        form,
        lambda: publish_delivery.publish(
            db.session(),
            attempt,
            visit,
            form.post(),
            actor=actor(),
            risks_seen=bool(form.risks_seen.data),
        ),
        refused=_("Nothing was published. The case is not public, or this is already published."),
    )
