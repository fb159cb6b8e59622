"""The form of a post about a visit."""

from collections.abc import Sequence
from typing import cast

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from campaign.campaigns.desk.forms import post_fields
from campaign.core import i18n
from campaign.deliveries.desk.refusals import DeliveryForm
from campaign.deliveries.publish_delivery import DeliveryPost, propose_post
from campaign.models.bundle import DeliveryAttempt
from campaign.models.delivery import GateFile, GateFileKind, GateVisit
from campaign.web.form_fields import LineField
from campaign.web.meant_field import MeantField


class PublishForm(DeliveryForm):
    """`publish_form` adds title and text in each language, and what each picture shows."""

    risks_seen = MeantField(_l("Publish it anyway"))
    locales: Sequence[str] = ()
    files: Sequence[GateFile] = ()

    def post(self) -> DeliveryPost:
        codes = [code for code in self.locales if self[f"title_{code}"].data]
        idents = [file.public_id for file in self.files if self[f"show_{file.public_id}"].data]
        return DeliveryPost(
            words={code: (self[f"title_{code}"].data, self[f"body_{code}"].data) for code in codes},
            pictures=tuple((ident, self._descriptions_of(ident)) for ident in idents),
        )

    def _descriptions_of(self, ident: str) -> dict[str, str]:
        typed = {code: self[f"alt_{code}_{ident}"].data for code in self.locales}
        return {code: words for code, words in typed.items() if words}


def publish_form(attempt: DeliveryAttempt, visit: GateVisit, *, signed: int) -> PublishForm:
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
        title, body = propose_post(attempt, visit.destination, code, signed=signed)
        data |= {f"title_{code}": title, f"body_{code}": body}
    form_class = cast("type[PublishForm]", type("LocalisedPublishForm", (PublishForm,), fields))
    return form_class(data=data)
