"""The form of conditions: a line each, combined."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form, SelectField
from wtforms.validators import StopValidation

from campaign.signing.checks.conditions import (
    MOST_VALUES,
    Conditions,
    tidy_address,
    tidy_domain,
    tidy_network,
)
from campaign.signing.checks.origin import make_trace
from campaign.web.desk_form import DeskForm
from campaign.web.form_fields import LineField, MomentField, TextField

Tidy = Callable[[str], str | None]


class LinesField(TextField):
    """Values of one kind, a line each, tidied; those that are none are named."""

    def __init__(self, label: Any, *, tidy: Tidy, **kwargs: Any) -> None:
        super().__init__(label, limit=20_000, **kwargs)
        self.tidy = tidy
        self.values: tuple[str, ...] = ()

    def pre_validate(self, form: Form) -> None:
        lines = [line.strip() for line in (self.data or "").splitlines() if line.strip()]
        read = {line: self.tidy(line) for line in lines}
        wrong = [one for one, value in read.items() if value is None]
        if wrong:
            named = ", ".join(wrong[:3])
            raise StopValidation(
                _("Check these lines. We cannot read them: %(lines)s", lines=named)
            )
        if len(read) > MOST_VALUES:
            raise StopValidation(_("Use at most 200 lines."))
        self.values = tuple(dict.fromkeys(value for value in read.values() if value))


_ASKED = _l("Enter the date and time like this: 2026-12-04 18:30.")


class ConditionsForm(DeskForm):
    """What a signature must have to be found; all that is filled in must hold at once."""

    zone = "UTC"
    campaign = SelectField(_l("Campaign"), validate_choice=True)
    networks = LinesField(
        _l("Networks"),
        tidy=tidy_network,
        description=_l("One on each line, for example 203.0.113.0/24 or 2001:db8:5::/48."),
    )
    addresses = LinesField(
        _l("Network addresses"),
        tidy=tidy_address,
        description=_l(
            "One on each line. For an IPv6 address, the whole /64 network counts as one."
        ),
    )
    domains = LinesField(
        _l("Email domains"),
        tidy=tidy_domain,
        description=_l("One on each line, for example example.org."),
    )
    agents = LinesField(
        _l("Browsers"),
        tidy=lambda text: make_trace("", text).agent or None,
        description=_l(
            "The full browser name that the browser sends, one on each line. * matches "
            "any characters."
        ),
    )
    since = MomentField(_l("Signed from"), asked=_ASKED)
    until = MomentField(_l("Signed before"), asked=_ASKED)
    name = LineField(
        _l("Name"),
        limit=200,
        description=_l("The full name. * matches any characters, for example “x* test”."),
    )
    similar_to = TextField(
        _l("Own words almost like these"),
        limit=5000,
        description=_l("At least four words. Paste the text that is repeated."),
    )
    unconfirmed = BooleanField(_l("Only signatures that were never confirmed"))

    def validate_until(self, field: MomentField) -> None:
        since, until = self._moment(self.since), self._moment(field)
        if since and until and since >= until:
            raise StopValidation(_("Enter an end that is after the start."))

    def validate_similar_to(self, field: TextField) -> None:
        if field.data and len(field.data.split()) < 4:
            raise StopValidation(_("Enter at least four words."))

    def _moment(self, field: MomentField) -> datetime | None:
        """Read a moment in the site's time zone."""
        zone = ZoneInfo(self.zone)
        return field.data.replace(tzinfo=zone).astimezone(UTC) if field.data else None

    def conditions(self) -> Conditions:
        return Conditions(
            domains=self.domains.values,
            networks=self.networks.values,
            addresses=self.addresses.values,
            agents=self.agents.values,
            since=self._moment(self.since),
            until=self._moment(self.until),
            name=self.name.data or "",
            similar_to=self.similar_to.data or "",
            unconfirmed=bool(self.unconfirmed.data),
        )


def as_typed(conditions: Conditions, zone: str) -> dict[str, object]:
    """Return conditions as the form holds them."""

    def moment(one: datetime | None) -> datetime | None:
        return one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if one else None

    return {
        "domains": "\n".join(conditions.domains),
        "networks": "\n".join(conditions.networks),
        "addresses": "\n".join(conditions.addresses),
        "agents": "\n".join(conditions.agents),
        "since": moment(conditions.since),
        "until": moment(conditions.until),
        "name": conditions.name,
        "similar_to": conditions.similar_to,
        "unconfirmed": conditions.unconfirmed,
    }
