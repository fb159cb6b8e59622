"""Things that tests need, made with the models directly; every person and case is invented.

Each feature appends its own section. A factory flushes and never commits.
"""

import time
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.api.tokens import create_token
from campaign.bundles.destinations import destination_of
from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.core import db
from campaign.core.settings import Settings, current_settings
from campaign.mail.messages import address_fingerprint
from campaign.models.api_token import ApiScope
from campaign.models.bundle import Bundle
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    LetterTemplate,
    TalkingPoint,
    Target,
    TargetKind,
)
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.network import MemberState, NetworkMember
from campaign.models.screening import Hold
from campaign.models.signature import ConsentWording, Disclosure, Letter, Signature, SignatureState
from campaign.models.staff import CampaignMember, Role, StaffUser
from campaign.staff.staff_users import add_staff_user, keep_password, normalise_password
from tests.days import days_ago, today

# --- Campaigns ---------------------------------------------------------------------------------

_EDITIONS = {
    "en": (
        "Amara Okafor: threatened for naming a polluted river",
        (
            "Amara Okafor keeps a record of what a mine lets into the river of her town. On "
            "3 March strangers came to her door. Your letter asks to have her protected."
        ),
        ["Protect Amara Okafor in the way she chooses.", "Find out who threatened her."],
    ),
    "fr": (
        "Amara Okafor : menacée pour avoir parlé d’une rivière polluée",
        (
            "Amara Okafor consigne ce qu’une mine déverse dans la rivière de sa ville. Le 3 mars, "
            "des inconnus sont venus chez elle. Votre lettre demande sa protection."
        ),
        ["Protéger Amara Okafor de la manière qu’elle choisit.", "Identifier les responsables."],
    ),
    "es": (
        "Amara Okafor: amenazada por hablar de un río contaminado",
        (
            "Amara Okafor anota lo que una mina vierte en el río de su ciudad. El 3 de marzo unos "
            "desconocidos llegaron a su puerta. Su carta pide que la protejan."
        ),
        ["Proteger a Amara Okafor como ella lo elija.", "Averiguar quién la amenazó."],
    ),
}

_TEMPLATES = {
    "en": (
        "Protection for ((person_name))",
        "I write to you about ((person_name)), who was threatened in ((country)).",
        "Thank you for reading this letter.",
        ("Please have ((person_name)) protected.", "Please find out who threatened her.",
         "Please say publicly that her work is lawful."),
    ),
    "fr": (
        "Protection de ((person_name))",
        "Je vous écris au sujet de ((person_name)), menacée au pays suivant : ((country)).",
        "Je vous remercie de lire cette lettre.",
        ("Veuillez faire protéger ((person_name)).", "Veuillez identifier les responsables.",
         "Veuillez dire publiquement que son travail est légitime."),
    ),
    "es": (
        "Protección para ((person_name))",
        "Le escribo acerca de ((person_name)), amenazada en ((country)).",
        "Le agradezco que lea esta carta.",
        ("Haga proteger a ((person_name)).", "Averigüe quién la amenazó.",
         "Diga en público que su trabajo es legítimo."),
    ),
}  # fmt: skip

POINT_KEYS = ("protect", "investigate", "recognise")
"""Keys of the talking points of `make_campaign`: the first is required, the others are not."""


def make_campaign(session: Session, **overrides: Any) -> Campaign:
    """An open campaign in en, fr and es, with one `to` target reached through one mission.

    Overrides are columns of Campaign, and `locales` (of editions and templates), `targets`
    (of a Target each; empty for none). Without an `owner_id`, every organizer is on its team.
    """
    number = session.query(Campaign).count() + 1
    locales = overrides.pop("locales", ["en", "fr", "es"])
    targets = overrides.pop("targets", None)
    facts: dict[str, Any] = {
        "reference": f"UA {number}/26",
        "slug": f"ua-{number}-26",
        "country": "MX",
        "status": CampaignStatus.OPEN,
        "themes": ["defenders"],
        "timezone": "America/Toronto",
        "issued_on": days_ago(10),
        "act_by": today() + timedelta(days=30),
        "opened_at": db.utcnow(),
        "person_name": "Amara Okafor",
        "person_pronouns": "she",
        "default_locale": locales[0] if locales else "en",
        "letter_locales": list(locales),
    }
    campaign = Campaign(**(facts | overrides))
    for locale in locales:
        title, summary, asks = _EDITIONS[locale]
        campaign.editions.append(Edition(locale=locale, title=title, summary=summary, asks=asks))
        campaign.templates.append(make_letter_template(locale))
    campaign.targets.extend([_make_target(number)] if targets is None else targets)
    session.add(campaign)
    session.flush()
    if not {"owner_id", "created_by_id"} & set(overrides):
        organizers = select(StaffUser.id).where(StaffUser.role == Role.ORGANIZER)
        for user_id in session.scalars(organizers).all():
            session.add(CampaignMember(campaign_id=campaign.id, staff_user_id=user_id))
        session.flush()
    return campaign


def make_letter_template(locale: str, version: int = 1) -> LetterTemplate:
    """A letter template for all targets, with one required and two optional talking points."""
    subject, opening, closing, points = _TEMPLATES[locale]
    return LetterTemplate(
        locale=locale,
        version=version,
        subject=subject,
        opening=opening,
        closing=closing,
        points=[
            TalkingPoint(key=key, position=position, required=position == 0, text=text)
            for position, (key, text) in enumerate(zip(POINT_KEYS, points, strict=True))
        ],
    )


def make_target_official(number: int = 1, **overrides: Any) -> Official:
    """A governor of an invented state, who can be written to in en, fr and es; not added."""
    facts: dict[str, Any] = {
        "slug": f"governor-{number}",
        "name": "Ines Quintero Vidal",
        "given_name": "Ines",
        "family_name": "Quintero Vidal",
        "office": {
            "en": "Governor of Altamar",
            "fr": "Gouverneure d’Altamar",
            "es": "Gobernadora de Altamar",
        },
        "salutation": {
            "en": "Dear Governor,",
            "fr": "Madame la Gouverneure,",
            "es": "Señora Gobernadora:",
        },
        "close": {"en": "Yours sincerely,", "fr": "Respectueusement,", "es": "Atentamente,"},
        "country": "MX",
        "preferred_locale": "es",
        "address": ["Plaza Principal 1"],
        "locality": "Altamar",
        "postal_code": "97000",
    }
    return Official(**(facts | overrides))


def make_target_mission(number: int = 1, **overrides: Any) -> Mission:
    """An embassy in Ottawa of the country that the official is of; not added."""
    facts: dict[str, Any] = {
        "slug": f"embassy-{number}",
        "kind": MissionKind.EMBASSY,
        "name": {
            "en": "Embassy of the Republic",
            "fr": "Ambassade de la République",
            "es": "Embajada de la República",
        },
        "sending_country": "MX",
        "host_country": "CA",
        "head_of_mission": "Tomas Arbelaez",
        "address": ["100 Sample Street", "Suite 10"],
        "locality": "Ottawa",
        "region": "ON",
        "postal_code": "K1P 0A1",
        "last_checked_on": today(),
    }
    return Mission(**(facts | overrides))


def _make_target(number: int) -> Target:
    return Target(
        official=make_target_official(number),
        mission=make_target_mission(number),
        kind=TargetKind.TO,
        position=0,
    )


# --- Confirmed signatures ----------------------------------------------------------------------

_GIVEN = ("Noor", "Émile", "Zoë", "Ana", "José", "Mika", "Łucja", "Ioana")
_FAMILY = ("Tremblay", "O’Neil", "Núñez", "Haddad", "Ng", "Kowalska", "Dufour", "Park")


def add_confirmed(
    session: Session, campaign: Campaign, n: int, **overrides: Any
) -> list[Signature]:
    """Confirmed signatures of invented people, each with a letter to every `to` target.

    Overrides are columns of Signature; one that is callable is called with the number from 0.
    """
    wording = session.scalar(select(ConsentWording).limit(1)) or ConsentWording(
        digest=b"\1" * 32, locale="en", delivery="Deliver it.", updates="News.", network="More."
    )
    session.add(wording)
    session.flush()
    before = session.scalar(select(func.count()).select_from(Signature)) or 0
    signatures = []
    for at in range(n):
        given = {name: value(at) if callable(value) else value for name, value in overrides.items()}
        signatures.append(_confirmed(campaign, wording.id, before + at, given))
    session.add_all(signatures)
    session.flush()
    return signatures


def add_held(session: Session, campaign: Campaign, n: int) -> list[Signature]:
    """Signatures whose letters wait in the queue of screening."""
    signatures = add_confirmed(session, campaign, n, state=SignatureState.HELD)
    session.add_all(
        Hold(signature_id=signature.id, campaign_id=campaign.id, reasons=["first"])
        for signature in signatures
    )
    session.flush()
    return signatures


def _confirmed(
    campaign: Campaign, wording_id: int, number: int, overrides: dict[str, Any]
) -> Signature:
    now = db.utcnow()
    email = f"supporter{number}@example.org"
    facts: dict[str, Any] = {
        "state": SignatureState.CONFIRMED,
        "given_name": _GIVEN[number % len(_GIVEN)],
        "family_name": _FAMILY[number // 3 % len(_FAMILY)],
        "email": email,
        "email_hmac": db.database().keyring.fingerprint(email, "email"),
        "locality": "Ottawa",
        "region": "ON",
        "postal_code": "K1A 0A1",
        "country": "CA",
        "locale": "en",
        "letter_locale": campaign.letter_locales[number % len(campaign.letter_locales)],
        "own_words": "" if number % 3 else "I have followed this case for a year.",
        "points": [POINT_KEYS[0], POINT_KEYS[2]],
        "disclosure": list(Disclosure)[number % 3],
        "consent_wording_id": wording_id,
        "consent_delivery_at": now,
        "signed_at": now,
        "confirmed_at": now,
    } | overrides
    signature = Signature(campaign_id=campaign.id, **facts)
    signature.letters = [
        Letter(target_id=target.id, template_id=_template_for(campaign, target, signature).id)
        for target in campaign.targets
        if target.kind is TargetKind.TO
    ]
    return signature


def _template_for(campaign: Campaign, target: Target, signature: Signature) -> LetterTemplate:
    return max(
        (
            template
            for template in campaign.templates
            if template.locale == signature.letter_locale
            and template.target_id in {None, target.id}
        ),
        key=lambda template: (template.target_id is not None, template.version),
    )


# --- Accounts ----------------------------------------------------------------------------------

STAFF_PASSWORD = "violet-harbour-tin-orchard"
"""What every staff user of `make_staff_user` signs in with where `password` is asked for."""


def make_staff_user(
    session: Session, role: Role = Role.STAFF, *, password: bool = False, **overrides: Any
) -> StaffUser:
    """A staff user; with `password`, one who can sign in by the form (hashing takes its time)."""
    number = session.query(StaffUser).count() + 1
    facts = {"email": f"{role.value}-{number}@example.org", "name": "Noor Haddad", "locale": "en"}
    user = add_staff_user(session, role=role, **(facts | overrides))
    if password:
        set_password(session, user)
    return user


def set_password(session: Session, user: StaffUser, password: str = STAFF_PASSWORD) -> None:
    keep_password(session, user=user, hashed=hash_password(normalise_password(password)))


def sign_in(client: FlaskClient, app: Flask, role: Role | str, **overrides: Any) -> StaffUser:
    """Make a staff user of `role`, and give `client` the session that sign-in would give it.

    It writes and commits by itself. With the `session` fixture on SQLite, commit what you have
    written before: the two would wait for each other. An organizer is put on the teams of
    campaigns that have no owner.
    """
    with app.app_context(), db.transaction() as session:
        user = make_staff_user(session, Role(role), **overrides)
        if user.role is Role.ORGANIZER:
            for campaign_id in session.scalars(
                select(Campaign.id).where(Campaign.owner_id.is_(None))
            ):
                session.add(CampaignMember(campaign_id=campaign_id, staff_user_id=user.id))
    give_session(client, user.fs_uniquifier)
    return user


def give_session(client: FlaskClient, uniquifier: str, *, proved_ago: float = 0) -> None:
    """Give `client` the session of who signed in now, and proved so many seconds ago who it is."""
    now = time.time()
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(_user_id=uniquifier, _fresh=True, fs_cc="set", fs_paa=now - proved_ago)
        cookie.update({"began-at": now, "used-at": now})


def let_decide(user: StaffUser) -> None:
    """Make the account one that can be the second person: of some days, with a second factor."""
    user.created_at, user.totp_since = db.utcnow() - timedelta(days=30), db.utcnow()


def add_decider(app: Flask, client: FlaskClient) -> StaffUser:
    """Sign in somebody of the staff who can be the second person."""
    user = sign_in(client, app, Role.STAFF)
    with app.app_context(), db.transaction() as session:
        let_decide(session.get_one(StaffUser, user.id))
    return user


def csrf_token(client: FlaskClient) -> str:
    """A token that the forms of `client`'s session take; `client` must have a session."""
    app = client.application
    with client.session_transaction() as cookie:
        raw = cookie.setdefault("csrf_token", "0" * 40)
    return URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)


def post(client: FlaskClient, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    """Post a form of the desk, with the token that its page would hold."""
    return client.post(url, data={"csrf_token": csrf_token(client), **(data or {})}, **kwargs)


def make_token(app: Flask, *scopes: ApiScope, days: int = 30) -> str:
    """A token of another program, made by an admin, for these scopes or all; its secret."""
    with app.app_context(), db.transaction() as session:
        admin, chosen = make_staff_user(session, Role.ADMIN), scopes or tuple(ApiScope)
        return create_token(session, name="CRM", scopes=chosen, days=days, by=admin)[1]


# --- Network -----------------------------------------------------------------------------------


def make_members(session: Session, n: int, **overrides: Any) -> list[NetworkMember]:
    """Members of the network who want to hear of everything at once, from an hour ago on."""
    start = session.scalar(select(func.count(NetworkMember.id))) or 0
    members = []
    for number in range(start + 1, start + n + 1):
        email = f"member-{number}@example.org"
        facts = {
            "state": MemberState.ACTIVE,
            "email": email,
            "email_hmac": address_fingerprint(email),
            "locale": "en",
            "consent_wording": "Write to me.",
            "confirmed_at": db.utcnow() - timedelta(hours=1),
        }
        members.append(NetworkMember(**(facts | overrides)))
    session.add_all(members)
    session.flush()
    return members


# --- Bundles -----------------------------------------------------------------------------------


def freeze_waiting(
    session: Session,
    campaign: Campaign,
    *,
    settings: Settings | None = None,
    locale: str = "en",
    actor: str = "test",
    mission: Mission | None = None,
    **chosen: Any,
) -> Bundle:
    """Freeze what waits for a mission, or where the campaign's first target goes."""
    return freeze(
        session,
        campaign=campaign,
        mission=mission or destination_of(campaign.targets[0]),
        settings=settings or current_settings(),
        locale=locale,
        actor=actor,
        **chosen,
    )
