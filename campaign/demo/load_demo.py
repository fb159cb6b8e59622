"""Loads the demo into an instance, leaving what is there already as it is."""

import io
import secrets
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.pictures import draw_picture, set_picture
from campaign.core import clock, db, jobs
from campaign.core.db import Json
from campaign.core.errors import Refused
from campaign.core.keyfiles import write_privately
from campaign.core.settings import Settings, current_settings
from campaign.demo.synthesis import synthesise
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    LetterFormat,
    LetterTemplate,
    TalkingPoint,
    Target,
    TargetKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.staff import Role, StaffUser
from campaign.staff.staff_users import add_staff_user, hash_new_password, keep_password

T = TypeVar("T", Campaign, Mission, Official)
CASES = ("ua-58-20", "ayotzinapa", "mothers-day-cards", "coloradas-de-la-virgen")
STAFF = {
    "olivia@example.org": (Role.ORGANIZER, "Olivia Organizer"),
    "samir@example.org": (Role.STAFF, "Samir Staff"),
    "ada@example.org": (Role.ADMIN, "Ada Admin"),
}
_SEED = 58
_AS_THEY_ARE = (
    "slug", "reference", "index_number", "country", "themes", "issued_on", "letter_locales",
)  # fmt: skip
_ACCOUNT_DAYS = 30
_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbour", "inlet", "juniper",
    "kelp", "larch", "meadow", "north", "orchard", "pebble",
)  # fmt: skip


def load_demo() -> bool:
    """Load what is missing; return whether anything was. Raises Refused in production."""
    settings = current_settings()
    if settings.mode == "production":
        raise Refused("you cannot load the demo on a site in production")
    with db.reading() as session:
        new = [slug for slug in CASES if _find(session, Campaign, slug) is None]
        has_staff = db.has_row(session, select(StaffUser.id))
    hashed = {} if has_staff else _hash_password(settings)
    cases = {slug: content(slug) for slug in new}
    focus = {slug: case.get("picture_focus", (50, 50)) for slug, case in cases.items()}
    drawn = {
        slug: draw_picture(io.BytesIO(drawing(slug)), x=x, y=y) for slug, (x, y) in focus.items()
    }
    with db.transaction() as session:
        officials = _load_officials(session)
        missions = _load_missions(session)
        _load_staff(session, hashed)
        for slug, case in cases.items():
            campaign = _campaign(case, settings)
            campaign.owner_id = session.scalar(
                select(StaffUser.id).where(StaffUser.role == Role.ORGANIZER).limit(1)
            )
            campaign.targets = [
                Target(
                    official=officials[row["official"]],
                    mission=missions[row["mission"]],
                    kind=TargetKind(row["kind"]),
                    position=position,
                )
                for position, row in enumerate(case["targets"])
            ]
            db.add_row(session, campaign)
            session.add_all(_delivery(campaign, row) for row in case.get("deliveries", []))
            x, y = focus[slug]
            facts = {"actor": "demo", "alt": case["picture"], "drawn": drawn[slug]}
            set_picture(session, campaign, x=x, y=y, **facts)
            session.flush()
    for slug, case in cases.items():
        synthesise(slug, signatures=case["signatures"], seed=_SEED, own_words=0.5)
    if new:
        jobs.run_now("campaigns.count")
        jobs.run_now("overview.count")
    return bool(new)


def content(name: str) -> Json:
    path = resources.files("campaign.demo").joinpath(f"content/{name}.toml")
    return tomllib.loads(path.read_text("utf-8"))


def drawing(slug: str) -> bytes:
    """Return the PNG made from the SVG beside it: a thing of the case, and no real person."""
    return resources.files("campaign.demo").joinpath(f"content/pictures/{slug}.png").read_bytes()


def sign_in_sheet() -> str:
    """Return who can sign in to the demo, and how: to be printed at start."""
    settings = current_settings()
    lines = [f"The workspace is at {settings.base_url}/desk/ — sign in as"]
    lines += [
        f"  {email:<22} {role.value:<10} password {_password(settings)}"
        for email, (role, _name) in STAFF.items()
    ]
    lines.append(f"Emails are at {settings.base_url}/outbox/")
    return "\n".join(lines)


def _password(settings: Settings) -> str:
    """Return the demo's password: made once, kept in the instance, its own on every machine."""
    path = settings.folder / "demo-password.txt"
    if not path.exists():
        words = secrets.SystemRandom().sample(_WORDS, 5)
        write_privately(path, "-".join([*words, str(secrets.randbelow(900))]).encode())
    return path.read_text().strip()


def _hash_password(settings: Settings) -> dict[str, str]:
    """Return the password as it is kept for each account."""
    password = _password(settings)
    return {
        email: hash_new_password(password, about=(email, name))
        for email, (_role, name) in STAFF.items()
    }


def _load_staff(session: Session, hashed: Mapping[str, str]) -> None:
    """Add those who have a password here."""
    for email, password in hashed.items():
        role, name = STAFF[email]
        user = add_staff_user(session, email=email, role=role, name=name, locale="en")
        keep_password(session, user=user, hashed=password)
        # Old enough to be the second person who approves what another one asks for.
        user.created_at = db.utcnow() - timedelta(days=_ACCOUNT_DAYS)


def _load_officials(session: Session) -> dict[str, Official]:
    officials = [
        _find(session, Official, row["slug"]) or Official(**row)
        for row in content("officials")["officials"]
    ]
    session.add_all(officials)
    session.flush()
    return {official.slug: official for official in officials}


def _load_missions(session: Session) -> dict[str, Mission]:
    missions = []
    for row in content("missions")["missions"]:
        row["kind"] = MissionKind(row["kind"])
        missions.append(_find(session, Mission, row["slug"]) or Mission(**row))
    session.add_all(missions)
    session.flush()
    return {mission.slug: mission for mission in missions}


def _find(session: Session, model: type[T], slug: str) -> T | None:
    return session.scalars(select(model).filter_by(slug=slug)).one_or_none()


def _campaign(case: Json, settings: Settings) -> Campaign:
    """Make the campaign of a file, without those to whom its letters go."""
    now = clock.utcnow()
    today = clock.day_of(now, settings.timezone)
    act_by = case.get("act_by") or today + timedelta(days=case["act_by_in_days"])
    closed_on = case.get("closed_on")
    return Campaign(
        **{name: case[name] for name in _AS_THEY_ARE},
        format=LetterFormat(case["format"]),
        status=CampaignStatus(case["status"]),
        timezone=settings.timezone,
        act_by=act_by,
        opened_at=_noon(case["issued_on"]),
        closed_at=_noon(closed_on) if closed_on else None,
        person_name=case["person"]["name"],
        person_died=case["person"].get("died", False),
        person_pronouns=case["person"]["pronouns"],
        default_locale="en",
        embed_hosts=case.get("embed_hosts", []),
        editions=[Edition(locale=code, **_trim(words)) for code, words in case["editions"].items()],
        templates=[
            _template(code, words, case["points"], _noon(case["issued_on"]))
            for code, words in case["templates"].items()
        ],
        updates=[_update(row) for row in case.get("updates", [])],
    )


def _delivery(campaign: Campaign, row: Json) -> DeliveryAttempt:
    mission = campaign.targets[0].mission
    assert mission is not None
    known = row | {"outcome": DeliveryOutcome(row["outcome"])}
    return DeliveryAttempt(campaign_id=campaign.id, mission_id=mission.id, **known)


def _template(code: str, words: Json, points: list[Json], written_at: datetime) -> LetterTemplate:
    return LetterTemplate(
        locale=code,
        created_at=written_at,
        version=1,
        **_trim(words),
        points=[
            TalkingPoint(position=position, **point | {"text": point["text"][code]})
            for position, point in enumerate(points)
        ],
    )


def _trim(words: Json) -> Json:
    return {name: text.strip() if isinstance(text, str) else text for name, text in words.items()}


def _update(row: Json) -> Update:
    languages = [code for code, words in row.items() if isinstance(words, dict)]
    return Update(
        kind=UpdateKind(row["kind"]),
        happened_on=row["happened_on"],
        published_at=_noon(row["happened_on"]),
        editions=[UpdateEdition(locale=code, **_trim(row[code])) for code in languages],
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
