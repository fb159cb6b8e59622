"""Forms of the desk's pages on exports."""

from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from campaign.bundles.destinations import name_of
from campaign.bundles.file_approvals import LONGEST_REASON, SHORTEST_REASON
from campaign.core.i18n import language_name, locale
from campaign.exports import staff_keys
from campaign.models.bundle import Bundle
from campaign.models.export import ExportFormat, ExportKey, ExportKind
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import CheckboxesField

_PROBLEMS = {
    "reason-short": _l("Say in at least %(num)s characters what it is for.", num=SHORTEST_REASON),
    "reason-long": _l("Say it in at most %(num)s characters.", num=LONGEST_REASON),
    "key-private": _l(
        "This is a private key. It was not kept; treat it as known to others, and make a new one."
    ),
    "key-unknown": _l("This is no public key that can be read. It begins with age1 or ssh-."),
    "key-kind": _l("Keys of this kind cannot encrypt files: ssh-ed25519 and ssh-rsa can."),
    "key-known": _l("This key is in your list already."),
    "keys-many": _l("At most %(num)s keys.", num=staff_keys.MOST),
}


def say_problem(slug: str) -> str:
    return str(_PROBLEMS.get(slug, slug))


class RequestForm(SiteForm):
    """What to export, why, and for whose keys."""

    campaign = HiddenField(validators=[DataRequired(), Length(max=80)])
    kind = RadioField(_l("Which list"), validators=[DataRequired(_l("Choose one of the lists."))])
    bundle = SelectField(
        _l("Which bundle"),
        default="",
        description=_l(
            "The list of a bundle holds everything printed in it, with what happened to each. "
            "What went on through another mission is in it too."
        ),
    )
    format = RadioField(_l("File"), default=ExportFormat.XLSX.value)
    locale = SelectField(
        _l("Language of the file"),
        description=_l("Of the heads and of what the file says of itself. JSON Lines have none."),
    )
    reason = TextAreaField(
        _l("What it is for"),
        description=_l(
            "Stands in the file, in the log, and before whoever approves it. Name no supporter."
        ),
        validators=[DataRequired(_PROBLEMS["reason-short"]), Length(max=2000)],
    )
    keys = CheckboxesField(_l("Encrypt it to my keys"))
    more_keys = TextAreaField(
        _l("Other public keys, one a line"),
        description=_l("age1… or ssh-ed25519 …, of the person whom the file is for."),
        validators=[Length(max=20_000)],
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
            ("", _l("All of the campaign")),
            *(
                (
                    bundle.public_id,
                    f"{bundle.sequence:03d} · {name_of(bundle.destination, locale())}",
                )
                for bundle in bundles
            ),
        ]
        form.format.choices = [
            (ExportFormat.XLSX.value, _l("Excel workbook (XLSX)")),
            (ExportFormat.CSV.value, _l("CSV")),
            (ExportFormat.JSONL.value, _l("JSON Lines, for programs")),
        ]
        form.keys.choices = [(key.public_id, key.label or key.recipient[:24]) for key in keys]
        return form


class KeyForm(SiteForm):
    label = StringField(
        _l("Name of the key"), validators=[DataRequired(_l("Give the key a name.")), Length(max=60)]
    )
    recipient = TextAreaField(
        _l("Public key"),
        description=_l("age1…, or the line of a file such as id_ed25519.pub."),
        validators=[DataRequired(_l("Paste the public key.")), Length(max=4000)],
    )


class RefuseForm(SiteForm):
    note = StringField(_l("Why not"), validators=[Length(max=500)])
