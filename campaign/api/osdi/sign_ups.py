"""Signatures and members from forms elsewhere: each begins as on our own pages, with an email."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.core import db, i18n
from campaign.core.errors import BadQuery, DomainError
from campaign.core.i18n import force_locale
from campaign.core.language_names import find_language
from campaign.models.signature import Disclosure
from campaign.network import memberships
from campaign.network.pages import JoinForm, consent_wording
from campaign.signing.checks.origin import Trace
from campaign.signing.clean_text import Problem
from campaign.signing.form.forms import describe_problem
from campaign.signing.form.steps import judge_form, open_plan
from campaign.signing.sign import Signing, make_signing
from campaign.signing.sign import sign as sign_letter

_SOURCE = "api"
_CONSENTING = "subscribed"
_PERSON_FIELDS = ("given_name", "family_name")
_PLACE_FIELDS = ("locality", "region", "postal_code", "country")
_EMAIL = "person.email_addresses.address"
_SENT_AS: Mapping[str, str] = {
    **{name: f"person.{name}" for name in _PERSON_FIELDS},
    **{name: f"person.postal_addresses.{name}" for name in _PLACE_FIELDS},
    "email": _EMAIL,
    "own_words": "comments",
    "source": "referrer_data.source",
}
"""Where in the JSON each field of our form is."""
_NEEDED = "Send this, as a string that is not empty."
_NO_EMAIL = "Send a complete email address, such as name@example.org."
_HIDDEN = "Send this without characters that cannot be seen, such as control characters."
_FOR_DEVELOPERS: Mapping[str, str] = {
    "give-name": _NEEDED,
    "give-email": _NEEDED,
    "give-locality": _NEEDED,
    "not-an-email": _NO_EMAIL,
    "email-space": _NO_EMAIL,
    "email-two-dots": _NO_EMAIL,
    "street-as-town": "This looks like a street. Send the town alone.",
    "emoji": "Send this without emoji: we cannot print them.",
    "nul": _HIDDEN,
    "control-character": _HIDDEN,
    "bidi-control": _HIDDEN,
    "not-text": "Send this as Unicode text.",
}
"""All other sentences are for the person: about words that only they can mend."""


class NotTaken(DomainError):
    """What was sent of a person cannot be taken; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("not-taken")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SentPerson:
    fields: Mapping[str, str]  # as the form of our pages has them
    locale: str
    consents: bool

    @classmethod
    def of(cls, body: object) -> "SentPerson":
        """Read `person` as OSDI has it; raises BadQuery."""
        person = body.get("person") if isinstance(body, dict) else None
        if not isinstance(person, dict):
            raise BadQuery('Send a JSON object with a "person".')
        email, place = _first(person, "email_addresses"), _first(person, "postal_addresses")
        spoken = person.get("languages_spoken")
        languages = (
            [find_language(code, i18n.languages()) for code in spoken if isinstance(code, str)]
            if isinstance(spoken, list)
            else []
        )
        status = email.get("status", "")
        if status not in ("", _CONSENTING):
            raise BadQuery(
                f"The only status of an email address that can be sent is {_CONSENTING}."
            )
        fields = {name: _text(person, name) for name in _PERSON_FIELDS}
        fields |= {name: _text(place, name) for name in _PLACE_FIELDS}
        return cls(
            fields=fields | {"email": _text(email, "address")},
            locale=next(filter(None, languages), i18n.languages()[0]),
            consents=status == _CONSENTING,
        )


def record_signature(slug: str, body: dict[str, Any], *, trace: Trace, now: datetime) -> None:
    """Have a person sign as on our page: a letter with all points, and officials see the name.

    They confirm it by the link that is mailed to them. The caller cannot tell whether they have
    signed before. Raises BadQuery, NotTaken, or Refused where no letters are taken.
    """
    person = SentPerson.of(body)
    with db.reading() as reader:
        signing = _prepare(reader, slug, person, body, trace, now)
    session = db.session()
    if open_plan(session, slug, now) is not signing.plan:
        signing = _prepare(session, slug, person, body, trace, now)
    sign_letter(session, signing)


def _prepare(
    session: Session,
    slug: str,
    person: SentPerson,
    body: dict[str, Any],
    trace: Trace,
    now: datetime,
) -> Signing:
    plan = open_plan(session, slug, now)
    letter_locale = plan.letter_locale("", person.locale)
    posted = MultiDict(
        {
            **person.fields,
            "own_words": _text(body, "comments"),
            "letter_locale": letter_locale,
            "disclosure": Disclosure.NAME.value,
            "source": _text(body.get("referrer_data"), "source") or _SOURCE,
            "consent_network": "y" if person.consents else "",
        }
    )
    if points := [key for key, _required in plan.points[letter_locale]]:
        posted.setlist("points", points)  # a MultiDict holds no empty list
    result = judge_form(posted, plan, now)
    if result.form is None:
        raise NotTaken(
            [
                f"{_SENT_AS.get(field, field)}: {_tell(field, part)}"
                for field, problem in result.problems.items()
                for part in (problem, *problem.also)
            ]
        )
    return make_signing(plan, result.form, locale=person.locale, now=now, trace=trace)


def add_person(body: object, *, now: datetime) -> None:
    """Have a person asked by email whether they join the network. Raises BadQuery, NotTaken."""
    person = SentPerson.of(body)
    form = JoinForm(
        MultiDict(
            {
                "email": person.fields["email"],
                "consent": "y",
                "frequency": "each",
                "country_scope": "all",
                "theme_scope": "all",
            }
        )
    )
    with db.reading() as reader:
        form.offer(reader)
    if not form.validate():
        raise NotTaken([f"{_EMAIL}: {_NO_EMAIL if person.fields['email'] else _NEEDED}"])
    with force_locale(person.locale):
        wording = consent_wording()
    memberships.join(
        db.session(),
        email=form.email.data,
        locale=person.locale,
        preferences=form.preferences(),
        wording=wording,
        now=now,
    )


def _tell(field: str, problem: Problem) -> str:
    if field == "country":
        return "Send the code of a country in two letters, such as CA."
    return _FOR_DEVELOPERS.get(problem.slug) or describe_problem(problem)


def _first(person: Mapping[str, object], name: str) -> Mapping[str, object]:
    listed = person.get(name)
    things = (
        [thing for thing in listed if isinstance(thing, dict)] if isinstance(listed, list) else []
    )
    return next((thing for thing in things if thing.get("primary")), next(iter(things), {}))


def _text(thing: object, name: str) -> str:
    value = thing.get(name) if isinstance(thing, dict) else None
    return value if isinstance(value, str) else ""
