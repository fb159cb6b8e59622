"""Forms of the desk's pages on exports."""

from collections.abc import Iterable, Mapping, Sequence

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from campaign.bundles.desk.approval_views import REASON_SENTENCES, purpose_field
from campaign.bundles.destinations import name_of
from campaign.bundles.file_approvals import SHORTEST_REASON
from campaign.core.i18n import language_name, locale
from campaign.exports import staff_keys
from campaign.models.bundle import Bundle
from campaign.models.export import ConsentColumns, ExportFormat, ExportKey, ExportKind
from campaign.web.form_base import DeskForm, SiteForm
from campaign.web.form_fields import CheckboxesField, choices

_KEY_SENTENCES = {
    "key-private": _l(
        "This is a private key. We did not keep it. Others may know it now, so create a new key."
    ),
    "key-unknown": _l("We cannot read this public key. Paste one that starts with age1 or ssh-."),
    "key-kind": _l("This kind of key cannot encrypt files. Use ssh-ed25519 or ssh-rsa."),
    "key-known": _l("This key is already in your list."),
    "keys-many": _l("Enter at most %(num)s keys.", num=staff_keys.MOST),
}


class KeysForm(DeskForm):
    sentences: Mapping[str, object] = _KEY_SENTENCES

    def refuse(self, fields: Mapping[str, str]) -> None:
        super().refuse(fields)
        for name, slug in fields.items():
            if slug == "key-private":
                self[name].data = ""


class PurposeForm(KeysForm):
    """What every request asks: what the list is for, and who can open the file."""

    sentences = {**REASON_SENTENCES, **_KEY_SENTENCES}  # noqa: RUF012 — nobody writes to it
    reason = purpose_field(
        _l(
            "At least %(num)s characters. The purpose appears in the file and in the log, and the "
            "person who approves the export sees it. Do not name a supporter.",
            num=SHORTEST_REASON,
        )
    )
    keys = CheckboxesField(_l("Encrypt the file with my keys"))
    more_keys = TextAreaField(
        _l("Other public keys, one on each line"),
        description=_l(
            "The key of the person who will use the file. It starts with age1 or ssh-ed25519."
        ),
        validators=[Length(max=20_000)],
    )

    def offer_keys(self, keys: Iterable[ExportKey]) -> None:
        self.keys.choices = [(key.public_id, key.label or key.recipient[:24]) for key in keys]


class ConsentsForm(PurposeForm):
    reason = purpose_field(
        _l(
            "At least %(num)s characters. The purpose appears in the log, and the person who "
            "approves the export sees it. Do not name a supporter.",
            num=SHORTEST_REASON,
        )
    )
    columns = RadioField(
        _l("Columns"),
        default=ConsentColumns.PLAIN.value,
        choices=choices(
            [
                (ConsentColumns.PLAIN.value, _l("All columns, with our own names")),
                (ConsentColumns.ACTION_NETWORK.value, "Action Network"),
                (ConsentColumns.CIVICRM.value, "CiviCRM"),
                (ConsentColumns.ENGAGING_NETWORKS.value, "Engaging Networks"),
                (ConsentColumns.MAILCHIMP.value, "Mailchimp"),
                (ConsentColumns.NATIONBUILDER.value, "NationBuilder"),
                (ConsentColumns.NPSP.value, "Salesforce NPSP"),
            ]
        ),
    )


class RequestForm(PurposeForm):
    campaign = HiddenField(validators=[DataRequired(), Length(max=80)])
    kind = RadioField(_l("List"), validators=[DataRequired(_l("Choose one of the lists."))])
    bundle = SelectField(
        _l("Bundle"),
        default="",
        description=_l(
            "The list of a bundle contains everything printed in it and what happened "
            "to it. It includes the people on its signature sheets, and what moved to another "
            "mission."
        ),
    )
    format = RadioField(_l("File"), default=ExportFormat.XLSX.value)
    locale = SelectField(
        _l("Language of the file"),
        description=_l("The language of the headings and notes in the file. JSON Lines has none."),
    )

    @classmethod
    def of(
        cls,
        campaign: str,
        bundles: Sequence[Bundle],
        keys: Iterable[ExportKey],
        *,
        locales: Sequence[str],
    ) -> "RequestForm":
        form = cls(campaign=campaign, locale=locale())
        form.locale.choices = [(code, language_name(code)) for code in locales]
        form.kind.choices = [
            (ExportKind.OFFICIALS.value, _l("For officials")),
            (ExportKind.FULL.value, _l("For vetting")),
        ]
        form.bundle.choices = [
            ("", _l("Whole campaign")),
            *(
                (bundle.public_id, f"{bundle.number} · {name_of(bundle.destination, locale())}")
                for bundle in bundles
            ),
        ]
        form.format.choices = [
            (ExportFormat.XLSX.value, _l("Excel workbook (XLSX)")),
            (ExportFormat.CSV.value, _l("CSV")),
            (ExportFormat.JSONL.value, _l("JSON Lines (for programs)")),
        ]
        form.offer_keys(keys)
        return form


class KeyForm(KeysForm):
    label = StringField(
        _l("Name of the key"),
        validators=[DataRequired(_l("Enter a name for the key.")), Length(max=60)],
    )
    recipient = TextAreaField(
        _l("Public key"),
        description=_l("age1…, or the line in a file such as id_ed25519.pub."),
        validators=[DataRequired(_l("Paste the public key.")), Length(max=4000)],
    )


class RefuseForm(SiteForm):
    note = StringField(_l("Reason for declining"), validators=[Length(max=500)])
