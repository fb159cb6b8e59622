"""What the subjects of entries are called, and which subjects somebody means who types so.

Subjects are named by their ids, never by what was typed: they may stand in addresses and in the
audit itself.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core import i18n
from campaign.core.audit import AuditEntry
from campaign.models.api_token import ApiToken
from campaign.models.bundle import Bundle, DeliveryAttempt, Journey, name_bundle
from campaign.models.campaign import Campaign
from campaign.models.crm import CrmConnection
from campaign.models.directory import Mission, Official, Post, mission_name, official_name
from campaign.models.export import DataExport
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.models.reply import Reply
from campaign.models.screening import Invalidation, ScreeningAct
from campaign.models.staff import StaffUser
from campaign.models.webhook import WebhookEndpoint
from campaign.staff.audit_log import labels, value_labels
from campaign.staff.audit_log.find_entries import (
    CAMPAIGN_KINDS,
    NAMING_GONE,
    detail_text,
    get_directory_id,
    list_known_subjects,
    number_of,
)
from campaign.staff.staff_users import find_by_email
from campaign.web.pagination import contains_words

_Row: TypeAlias = Row[*tuple[Any, ...]]
_Column: TypeAlias = QueryableAttribute[Any]
SubjectNames: TypeAlias = Mapping[str, tuple[str, str]]
"""Words and address for each subject."""
_NUMBERED = {
    "bundle": Bundle.sequence,
    "paper-sheet": PaperSheet.id,
    "paper-import": PaperImport.id,
}
"""What belongs to a campaign and is called by a number, in these columns."""
_NUMBERED_WORDS: Mapping[str, object] = {
    "backup": _l("Backup of database version %(number)s"),
    "bundle": _l("Deleted bundle (internal number %(number)s)"),
    "campaign": _l("Deleted draft (internal number %(number)s)"),
    "contact-import": _l("File of addresses %(number)s"),
    "crm-connection": _l("CRM connection %(number)s"),
    "delivery": _l("Deleted delivery record (internal number %(number)s)"),
    "import": _l("File for import"),
    "key": _l("Encryption key %(number)s"),
    "network-member": _l("Network member %(number)s"),
    "page": _l("Page %(number)s"),
    "paper-import": _l("Deleted file of signatures %(number)s"),
    "paper-sheet": _l("Deleted signature sheet %(number)s"),
    "reply": _l("Deleted reply (internal number %(number)s)"),
    "screening-act": _l("Decision %(number)s"),
    "signature": _l("Signature %(number)s"),
    "webhook-endpoint": _l("Webhook %(number)s"),
}
_WHOLE_WORDS: Mapping[str, object] = {**labels.GROUPS, "instance": _l("This site")}
"""What an entry is about as a whole: "network", "mailbox"."""
_IS_NAMING_GONE = (AuditEntry.action.in_(NAMING_GONE), detail_text("gone_name").is_not(None))
_NEWEST = 1_000
"""How many are looked at of what is called by its day."""


def is_named(subject: str) -> bool:
    """Whether entries about such a subject say in words what they are about."""
    kind, colon, _ident = subject.partition(":")
    if not colon:
        return kind in _WHOLE_WORDS or kind == "suppression-list"
    return kind in {"staff", "about"} | _THINGS.keys() | _NUMBERED_WORDS.keys()


def say_subjects(session: Session, subjects: Collection[str]) -> str:
    """Return what a filter is about, in words that `find_subjects` understands."""
    people = get_people(session, {number_of(subject.partition(":")[2]) for subject in subjects})
    names = find_subject_names(session, set(subjects), people)
    # What is called alike is found together: the name of one is that of all.
    name, _url = next(iter(names.values()), ("", ""))
    if set(find_subjects(session, name) or ()) == set(subjects):
        return name
    return " ".join(subjects)


def get_people(session: Session, ids: Collection[int]) -> dict[int, str]:
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(ids)))
    return {user.id: user.name or user.email for user in users}


def find_subject_names(
    session: Session, subjects: set[str], people: Mapping[int, str]
) -> SubjectNames:
    staff = {subject for subject in subjects if subject.startswith("staff:")}
    names = {
        subject: (people.get(number_of(subject.removeprefix("staff:")), say_gone()), "")
        for subject in staff
    }
    return names | _find_names(session, subjects - staff)


def say_gone() -> str:
    return _("someone who left")


def _find_names(session: Session, subjects: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find words and address of each subject that is known, with one look-up for each kind."""
    idents: dict[str, list[str]] = defaultdict(list)
    names: dict[str, tuple[str, str]] = {}
    for subject in subjects:
        if subject in _WHOLE_WORDS:
            names[subject] = (str(_WHOLE_WORDS[subject]), "")
        else:
            kind, _colon, ident = subject.partition(":")
            idents[kind].append(ident)
    for kind in idents.keys() & _THINGS.keys():
        names |= _find_names_of_kind(session, kind, _THINGS[kind], idents[kind])
    unnamed = [f"{kind}:{ident}" for kind in idents for ident in idents[kind]]
    names |= _find_gone_names(session, [subject for subject in unnamed if subject not in names])
    for page in idents["about"]:
        names[f"about:{page}"] = (str(labels.ABOUT_PAGES[page]), url_for("about_desk.index"))
    for kind in idents.keys() & _NUMBERED_WORDS.keys():
        for number in idents[kind]:
            # Also of what is gone, and of what only its owner has a page of.
            words = str(_NUMBERED_WORDS[kind]) % {"number": number}
            names.setdefault(f"{kind}:{number}", (words, ""))
    if idents["suppression-list"]:
        names["suppression-list"] = (_("Suppression list"), url_for("crm.index"))
    return names


def _find_gone_names(session: Session, subjects: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find what officials and missions were called that are merged or deleted."""
    idents = {subject: ident for subject in subjects if (ident := get_directory_id(subject))}
    if not idents:
        return {}
    names_one = or_(AuditEntry.subject.in_(idents), detail_text("gone").in_(idents.values()))
    entries = session.scalars(select(AuditEntry).where(*_IS_NAMING_GONE, names_one))
    return {_get_gone_subject(entry): (entry.detail["gone_name"], "") for entry in entries}


def _get_gone_subject(entry: AuditEntry) -> str:
    """Return the entry of the directory that is gone since: a merge is about the one it keeps."""
    kind = entry.subject.partition(":")[0]
    return f"{kind}:{entry.detail['gone']}" if "gone" in entry.detail else entry.subject


@dataclass(frozen=True, slots=True)
class _Thing:
    """How one kind of subject is found and named."""

    key: _Column
    """By which the audit names it."""
    words: Callable[[_Row], str]
    """From its row: the columns, and those of the campaign or mission that it is of."""
    columns: tuple[_Column, ...] = ()
    endpoint: str = ""
    """Of its page; empty: without one."""
    argument: str = "public_id"
    """Of the endpoint, and the column that is it."""
    campaign_id: _Column | None = None
    """Of the campaign whose reference it is called by."""
    mission_id: _Column | None = None
    """Of the mission that it is called by."""
    has_page: Callable[[_Row], bool] = lambda _row: True

    def get_address(self, row: _Row) -> str:
        if not self.endpoint or not self.has_page(row):
            return ""
        return url_for(self.endpoint, **{self.argument: getattr(row, self.argument)})


def _find_names_of_kind(
    session: Session, kind: str, thing: _Thing, idents: Iterable[str]
) -> dict[str, tuple[str, str]]:
    query = select(thing.key, *thing.columns)
    if thing.campaign_id is not None:
        of_it = Campaign.id == thing.campaign_id
        query = query.add_columns(Campaign.reference).join(Campaign, of_it)
    elif thing.mission_id is not None:
        # A journey by post has no mission.
        of_it = Mission.id == thing.mission_id
        query = query.add_columns(*_MISSION).outerjoin(Mission, of_it)
    keys = [number_of(ident) for ident in idents] if thing.key.key == "id" else list(idents)
    return {
        f"{kind}:{row[0]}": (str(thing.words(row)), thing.get_address(row))
        for row in session.execute(query.where(thing.key.in_(keys)))
    }


def _name_mission(row: _Row) -> str:
    return mission_name(row, i18n.locale()) if row.name else row.slug


def _name_official(row: _Row) -> str:
    return official_name(row, i18n.locale())


_MISSION = (Mission.slug, Mission.name, Mission.locality)
OFFICIAL = (Official.slug, Official.name, Official.office)
_THINGS: Mapping[str, _Thing] = {
    "campaign": _Thing(
        Campaign.id,
        lambda row: row.reference,
        (Campaign.slug, Campaign.reference),
        "campaigns.show",
        "slug",
    ),
    "official": _Thing(Official.public_id, _name_official, OFFICIAL, "directory.edit", "slug"),
    "mission": _Thing(Mission.public_id, _name_mission, _MISSION, "directory.edit_mission", "slug"),
    "post": _Thing(
        Post.public_id, lambda row: i18n.words_in(row.label, i18n.locale()), (Post.label,)
    ),
    "screening-act": _Thing(
        ScreeningAct.id,
        lambda row: _(
            "Decision %(number)s: %(decision)s",
            number=row.id,
            decision=value_labels.DECISIONS[row.decision],
        ),
        (ScreeningAct.decision,),
    ),
    "api-token": _Thing(
        ApiToken.id, lambda row: _("API token %(token)s", token=row.prefix), (ApiToken.prefix,)
    ),
    "bundle": _Thing(
        Bundle.id,
        lambda row: name_bundle(row.reference, row.sequence),
        (Bundle.public_id, Bundle.sequence),
        "bundles.show",
        campaign_id=Bundle.campaign_id,
    ),
    "journey": _Thing(
        Journey.id,
        lambda row: _name_mission(row) if row.slug else _("By post"),
        (Journey.public_id,),
        "bundles.show_journey",
        mission_id=Journey.mission_id,
    ),
    "invalidation": _Thing(
        Invalidation.id,
        lambda row: _("Exclusion %(number)s", number=row.id),
        (Invalidation.public_id,),
        "screening.invalidation",
    ),
    "export": _Thing(
        DataExport.id,
        lambda row: _("Export %(number)s", number=row.id),
        (DataExport.public_id,),
        "exports.show",
    ),
    "webhook-endpoint": _Thing(
        WebhookEndpoint.id,
        lambda row: _("Webhook %(number)s", number=row.id),
        (WebhookEndpoint.public_id,),
        "webhooks.show",
    ),
    "crm-connection": _Thing(
        CrmConnection.id,
        lambda row: row.kind.program,
        (CrmConnection.public_id, CrmConnection.kind),
        "crm.show_connection",
    ),
    "reply": _Thing(
        Reply.id,
        lambda row: _(
            "%(reference)s, reply of %(day)s",
            reference=row.reference,
            day=i18n.say_date(row.received_on),
        ),
        (Reply.public_id, Reply.received_on),
        "replies.edit",
        campaign_id=Reply.campaign_id,
    ),
    "paper-sheet": _Thing(
        PaperSheet.id,
        lambda row: _("%(reference)s, sheet %(number)s", reference=row.reference, number=row.id),
        (PaperSheet.public_id,),
        "paper_signatures.edit",
        campaign_id=PaperSheet.campaign_id,
    ),
    # Without a page: only who uploaded a file sees it.
    "paper-import": _Thing(
        PaperImport.id,
        lambda row: _("%(reference)s, file %(number)s", reference=row.reference, number=row.id),
        campaign_id=PaperImport.campaign_id,
    ),
    "delivery": _Thing(
        DeliveryAttempt.id,
        lambda row: f"{row.reference} · {i18n.say_date(row.happened_on)}",
        (DeliveryAttempt.public_id, DeliveryAttempt.happened_on, DeliveryAttempt.visit_id),
        "deliveries.show_attempt",
        campaign_id=DeliveryAttempt.campaign_id,
        has_page=lambda row: bool(row.visit_id),
    ),
}


def find_subjects(session: Session, typed: str) -> tuple[str, ...] | None:
    """Find the subjects meant: none where there is no such thing, None where nothing is said."""
    typed = " ".join(typed.split())
    if not typed:
        return None
    if named := list_known_subjects(session, typed.split()):
        return named
    name = typed.lower()
    subjects = [f"staff:{user.id}" for user in _find_staff(session, typed)]
    is_named = or_(Campaign.slug == name, func.lower(Campaign.reference) == name)
    campaign_ids = session.scalars(select(Campaign.id).where(is_named))
    subjects.extend(f"campaign:{campaign_id}" for campaign_id in campaign_ids)
    subjects.extend(_find_in_directory(session, typed))
    return list_known_subjects(session, subjects or _find_shown(session, typed))


def _find_staff(session: Session, typed: str) -> list[StaffUser]:
    by_email = find_by_email(session, typed) if "@" in typed else None
    if by_email is not None:
        return [by_email]
    # Names are sealed: only here can they be compared.
    users = session.scalars(select(StaffUser)).all()
    return [user for user in users if user.name and user.name.casefold() == typed.casefold()]


def _find_in_directory(session: Session, typed: str) -> Iterator[str]:
    """Find officials and missions by name or slug, and journeys, which are called as these.

    Those who are gone are found too, by the name that their end keeps.
    """
    slug = typed.lower()
    likely = or_(Official.slug == slug, and_(*contains_words(typed, Official.search)))
    officials = select(Official.public_id, *OFFICIAL).where(likely)
    for official in session.execute(officials).all():
        if official.slug == slug or _name_official(official).casefold() == typed.casefold():
            yield f"official:{official.public_id}"
    likely = or_(Mission.slug == slug, and_(*contains_words(typed, Mission.search)))
    missions = select(Mission.id, Mission.public_id, *_MISSION).where(likely)
    for row in session.execute(missions).all():
        if row.slug == slug or _name_mission(row).casefold() == typed.casefold():
            yield f"mission:{row.public_id}"
            of_it = select(Journey.id).where(Journey.mission_id == row.id)
            yield from (f"journey:{number}" for number in session.scalars(of_it))
    is_called = detail_text("gone_name").in_({typed, slug})
    gone = session.scalars(select(AuditEntry).where(*_IS_NAMING_GONE, is_called))
    yield from map(_get_gone_subject, gone.all())


def _find_shown(session: Session, typed: str) -> list[str]:
    """Find what the column calls so: “UA 58/20 · 001”, “Export 4”."""
    numbers = [int(figures) for figures in re.findall(r"\d+", typed) if len(figures) < 10]
    likely = [
        f"{kind}:{number}"
        for kind in ("export", "invalidation", *_NUMBERED_WORDS)
        for number in numbers
    ]
    likely += ["suppression-list", *_WHOLE_WORDS]
    begins = func.lower(Campaign.reference) == func.substr(
        typed.lower(), 1, func.length(Campaign.reference)
    )
    for campaign_id in session.scalars(select(Campaign.id).where(begins)).all():
        for kind in CAMPAIGN_KINDS:
            likely += _list_newest(session, kind, campaign_id, numbers)
    names = _find_names(session, likely)
    # A decision is called by its number too, without what was decided.
    begins_so = typed.casefold(), f"{typed.casefold()}{i18n.colon(i18n.locale())}"
    return [
        subject
        for subject in likely
        if (name := names.get(subject, ("",))[0].casefold()) == begins_so[0]
        or (subject.startswith("screening-act:") and name.startswith(begins_so[1]))
    ]


def _list_newest(session: Session, kind: str, campaign_id: int, numbers: list[int]) -> list[str]:
    model = CAMPAIGN_KINDS[kind]
    where: list[ColumnElement[bool]] = [model.campaign_id == campaign_id]
    if kind in _NUMBERED:
        where.append(_NUMBERED[kind].in_(numbers))
    newest = select(model.id).where(*where).order_by(model.id.desc()).limit(_NEWEST)
    return [f"{kind}:{row_id}" for row_id in session.scalars(newest)]
