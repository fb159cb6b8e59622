"""Files of addresses: kept sealed, checked row by row, then taken in whole or not at all.

Members come with proof of their consent, and are members at once: no email asks them again. Who
left, who is on the suppression list and whom emails do not reach is refused, whatever a file says.
"""

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, clock, db, jobs
from campaign.core.db import on_rollback
from campaign.core.db.batches import batched
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings
from campaign.crm import read_contacts
from campaign.crm.read_contacts import Contact, Fault, Proof
from campaign.directory.imports.tables import Table
from campaign.mail import suppression_list
from campaign.mail.messages import BadAddress, SuppressedAddress, address_fingerprint
from campaign.models.crm import ContactImport, ContactImportKind
from campaign.models.network import MemberOrigin, MemberState, NetworkMember
from campaign.models.staff import Role, StaffUser
from campaign.network import memberships
from campaign.staff.deciders import refuse_role
from campaign.staff.staff_users import actor_name
from campaign.storage import forget_file, storage
from campaign.web.edit_conflict import lock_row

ADMINS = frozenset({Role.ADMIN})
_KEPT = timedelta(days=3)
_AT_ONCE = 500
MOST_FAULTS = 200  # faults that are shown; the rest is counted
_MOST_LANGUAGES, _LONGEST_LANGUAGE = 5, 40
_MOST_SHOWN = 5  # rows from which it is seen what was understood


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check has to show; kept encrypted until the file is taken in."""

    faults: Sequence[Fault] = ()
    languages: Sequence[str] = ()  # in which we do not write
    first: Sequence[tuple[int, str, str, date]] = ()
    """Of the first members that would be taken in: row, address, language, day of consent."""


@dataclass(frozen=True, slots=True)
class Judged:
    taken: Sequence[tuple[bytes, Contact]]  # each with its fingerprint
    faults: Sequence[Fault]

    @property
    def counts(self) -> dict[str, int]:
        return {
            "taken": len(self.taken),
            "faults": len(self.faults),
            "other_language": sum(bool(contact.other_language) for _mark, contact in self.taken),
        }

    def list_other_languages(self) -> list[str]:
        """List languages in which we do not write as the file has them, the most usual first."""
        names = Counter(contact.other_language for _mark, contact in self.taken)
        names.pop("", None)
        usual = [name[:_LONGEST_LANGUAGE] for name, _count in names.most_common(_MOST_LANGUAGES)]
        return usual + ["…"] * (len(names) > _MOST_LANGUAGES)


def upload_file(
    session: Session, *, kind: ContactImportKind, data: bytes, file_name: str, by: StaffUser
) -> ContactImport:
    """Keep a file, to be mapped. Raises UnreadableFile."""
    refuse_role(by, ADMINS, "contact-import")
    table = read_contacts.open_table(data)
    contact_import = ContactImport(
        kind=kind,
        owner_id=by.id,
        file_name=file_name[:200],
        storage_key=f"imports/{secrets.token_hex(16)}",
        options={"meanings": read_contacts.guess_meanings(table.columns)},
        expires_at=db.utcnow() + _KEPT,
    )
    keep_in, key = storage(), contact_import.storage_key
    on_rollback(session, lambda: keep_in.delete(key))
    keep_in.write(key, db.database().keyring.seal_bytes(data, key))
    db.add_row(session, contact_import)
    _note(session, contact_import, by, "crm.import-upload", kind=kind.value)
    return contact_import


def get_import(session: Session, public_id: str, *, by: StaffUser) -> ContactImport:
    """Return a file of one's own. Raises NotFound, also for another's or one whose time is over."""
    refuse_role(by, ADMINS, "contact-import")
    return db.get_row(
        session,
        select(ContactImport).where(
            ContactImport.public_id == public_id,
            ContactImport.owner_id == by.id,
            ContactImport.expires_at > db.utcnow(),
        ),
        "contact-import",
    )


def read_file(contact_import: ContactImport) -> Table:
    """Raises NotFound once it is taken in; UnreadableFile."""
    if not contact_import.storage_key:
        raise NotFound("contact-import")
    sealed = storage().read(contact_import.storage_key)
    data = db.database().keyring.open_bytes(sealed, contact_import.storage_key)
    return read_contacts.open_table(data)


def _read_unapplied(session: Session, contact_import: ContactImport, slug: str) -> Table:
    """Read the file, then lock its row. Raises Refused with the slug once it is taken in."""
    if contact_import.applied_at is not None:
        raise Refused(slug)
    table = read_file(contact_import)
    lock_row(session, contact_import)
    if contact_import.applied_at is not None:
        raise Refused(slug)
    return table


def check_rows(
    session: Session,
    contact_import: ContactImport,
    *,
    meanings: Mapping[str, str],
    consented_on: date | None = None,
    wording: str = "",
    source: str = "",
    locale: str = "",
    by: StaffUser,
) -> None:
    """Say what the file would do; nothing else is written. Raises Invalid, Refused."""
    chosen = [meaning for meaning in meanings.values() if meaning]
    if "email" not in chosen:
        raise Invalid(fields={"meanings": "email-missing"})
    if len(set(chosen)) < len(chosen):
        raise Invalid(fields={"meanings": "meaning-twice"})
    table = _read_unapplied(session, contact_import, "import-applied")
    contact_import.options = {"meanings": {at: word for at, word in meanings.items() if word}}
    day = consented_on.isoformat() if consented_on else ""
    contact_import.proof = json.dumps([day, wording, source, locale])
    judged = _judge(session, contact_import, table)
    contact_import.counts = judged.counts
    findings = {
        "faults": judged.faults[:MOST_FAULTS],
        "languages": judged.list_other_languages(),
        "first": [
            (contact.row, contact.email, contact.locale, contact.consented_on.isoformat())
            for _mark, contact in judged.taken[:_MOST_SHOWN]
            if contact.consented_on
        ],
    }
    contact_import.findings = json.dumps(findings)
    session.flush()
    _note(session, contact_import, by, "crm.import-check", **judged.counts)


def apply_import(session: Session, contact_import: ContactImport, *, by: StaffUser) -> None:
    """Take the good rows in. Raises Refused: `import-not-checked`, `import-changed`."""
    table = _read_unapplied(session, contact_import, "import-not-checked")
    if not contact_import.counts.get("taken"):
        raise Refused("import-not-checked")
    judged = _judge(session, contact_import, table)
    if judged.counts != contact_import.counts:
        raise Refused("import-changed")
    if contact_import.kind is ContactImportKind.MEMBERS:
        _add_members(session, judged.taken)
    else:
        _suppress(session, [fingerprint for fingerprint, _contact in judged.taken])
    forget_file(session, contact_import)
    contact_import.applied_at = db.utcnow()
    # What a row said of a person is kept with the member alone.
    contact_import.proof = contact_import.findings = None
    session.flush()
    _note(session, contact_import, by, "crm.import-apply", **judged.counts)


def list_unwritable(
    session: Session, contact_import: ContactImport, *, by: StaffUser
) -> list[tuple[str, str]]:
    """List the addresses of the file to which nobody may write, each with why."""
    contacts, _faults = _read(contact_import, read_file(contact_import))
    by_fingerprint = {address_fingerprint(contact.email): contact for contact in contacts}
    refusals = _find_refusals(session, list(by_fingerprint))
    rows = [
        (by_fingerprint[fingerprint].email, slug)
        for fingerprint, slug in refusals.items()
        if slug in {"suppressed", "left", "bounced"}
    ]
    _note(session, contact_import, by, "crm.compare", rows=len(contacts), found=len(rows))
    return sorted(rows)


def suppress_address(session: Session, email: str, *, by: StaffUser) -> None:
    """Never write to it again. Raises Refused (`colleague`)."""
    mark = address_fingerprint(email)
    if _find_staff(session, [mark]):
        raise Refused("colleague")
    _suppress(session, [mark])
    audit.record(session, actor_name(by), "crm.suppress", "suppression-list")


def release_address(session: Session, email: str, *, by: StaffUser) -> bool:
    """Take it off the list; tells whether it was on it. The audit knows who asked."""
    is_released = suppression_list.release(session, address_fingerprint(email))
    action = "crm.release" if is_released else "crm.search"
    audit.record(session, actor_name(by), action, "suppression-list")
    return is_released


def list_wrong_rows(
    session: Session, contact_import: ContactImport
) -> tuple[Table, list[tuple[Fault, list[str]]]]:
    """Return the file, and its rows that are left out now. Raises NotFound, UnreadableFile."""
    table = read_file(contact_import)
    cells = dict(table.rows)
    faults = _judge(session, contact_import, table).faults
    return table, [(fault, cells.get(fault.row, [])) for fault in faults]


def read_findings(contact_import: ContactImport) -> Findings:
    findings = json.loads(contact_import.findings or "{}")
    if isinstance(findings, list):  # checked by 0.2.0 or before languages were named
        findings = {"faults": findings}
    return Findings(
        [Fault(*parts) for parts in findings.get("faults", [])],
        findings.get("languages", []),
        [(*parts, date.fromisoformat(day)) for *parts, day in findings.get("first", [])],
    )


@jobs.job("crm.forget-files", every_minutes=60)
def forget_files() -> None:
    with db.transaction() as session:
        over = select(ContactImport).where(ContactImport.expires_at <= db.utcnow())
        for contact_import in session.scalars(over):
            forget_file(session, contact_import)
            session.delete(contact_import)


def proof_of(contact_import: ContactImport) -> Proof:
    settings = current_settings()
    day, wording, source, locale = json.loads(contact_import.proof or '["", "", "", ""]')
    return Proof(
        consented_on=date.fromisoformat(day) if day else None,
        wording=wording,
        source=source,
        locale=locale or settings.locales[0],
        locales=settings.locales,
        today=clock.today(settings.timezone),
    )


def _read(contact_import: ContactImport, table: Table) -> tuple[list[Contact], list[Fault]]:
    is_proved = contact_import.kind is ContactImportKind.MEMBERS
    proof = proof_of(contact_import) if is_proved else None
    meanings = contact_import.options["meanings"]
    return read_contacts.read_contacts(table, meanings, proof)


def _judge(session: Session, contact_import: ContactImport, table: Table) -> Judged:
    contacts, faults = _read(contact_import, table)
    by_fingerprint: dict[bytes, Contact] = {}
    for contact in contacts:
        fingerprint = address_fingerprint(contact.email)
        if fingerprint in by_fingerprint:
            faults.append(Fault(contact.row, "twice"))
        else:
            by_fingerprint[fingerprint] = contact
    if contact_import.kind is ContactImportKind.MEMBERS:
        refusals = _find_refusals(session, list(by_fingerprint))
    else:
        refusals = _find_staff(session, list(by_fingerprint))
    faults += [Fault(by_fingerprint.pop(mark).row, slug) for mark, slug in refusals.items()]
    return Judged(list(by_fingerprint.items()), sorted(faults))


def _find_refusals(session: Session, fingerprints: Sequence[bytes]) -> dict[bytes, str]:
    """Return why we do not take these addresses in; the last reason is the strongest."""
    refusals: dict[bytes, str] = {}
    for some in batched(fingerprints, _AT_ONCE):
        members = session.execute(
            select(NetworkMember.email_hmac, NetworkMember.state, NetworkMember.left_at).where(
                NetworkMember.email_hmac.in_(some)
            )
        )
        for mark, state, left_at in members:
            is_in = state is MemberState.ACTIVE
            refusals[mark] = "member" if is_in else "left" if left_at else "asked"
        for model, slug in ((BadAddress, "bounced"), (SuppressedAddress, "suppressed")):
            marks = select(model.email_hmac).where(model.email_hmac.in_(some))
            refusals |= dict.fromkeys(session.scalars(marks), slug)
    return refusals


def _find_staff(session: Session, fingerprints: Sequence[bytes]) -> dict[bytes, str]:
    """A colleague on the list would get no link to sign in any more."""
    users = session.scalars(select(StaffUser).where(StaffUser.active))
    marks = {address_fingerprint(user.email) for user in users}
    return dict.fromkeys(marks & set(fingerprints), "colleague")


def _add_members(session: Session, taken: Sequence[tuple[bytes, Contact]]) -> None:
    wishes = asdict(memberships.Preferences())
    insert = db.insert_into(session, NetworkMember).on_conflict_do_nothing()
    for some in batched(taken, _AT_ONCE):
        rows = [
            wishes
            | {
                "state": MemberState.ACTIVE,
                "origin": MemberOrigin.IMPORT,
                "email": contact.email,
                "email_hmac": fingerprint,
                "locale": contact.locale,
                "consent_wording": contact.wording,
                "consent_source": contact.source,
                "joined_at": _moment(contact.consented_on),
                "confirmed_at": memberships.blur(db.utcnow()),
            }
            for fingerprint, contact in some
        ]
        session.execute(insert, rows)


def _suppress(session: Session, fingerprints: Sequence[bytes]) -> None:
    suppression_list.suppress(session, fingerprints)
    now = db.utcnow()
    for some in batched(fingerprints, _AT_ONCE):
        members = select(NetworkMember).where(
            NetworkMember.email_hmac.in_(some), NetworkMember.state != MemberState.LEFT
        )
        for member in session.scalars(members).all():
            memberships.leave(session, member, now=now)


def _moment(day: date | None) -> datetime:
    assert day is not None  # a row without one is refused
    return clock.moment_of(day, time(), "UTC")


def _note(
    session: Session, contact_import: ContactImport, by: StaffUser, action: str, **facts: object
) -> None:
    audit.record(session, actor_name(by), action, f"contact-import:{contact_import.id}", **facts)
