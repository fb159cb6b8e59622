"""Every sealed column of every table is emptied by an erasure, or named here with its reason.

A column that is added to a model has to be in one of the two, or these tests fail.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Column, LargeBinary, MetaData, Table, delete, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from campaign.core import db, jobs
from campaign.core.db import Base, LookUp, Sealed, SealedList
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.crm import CrmConnection, CrmKind, CrmPerson
from campaign.models.network import NetworkMember
from campaign.models.paper_signature import PaperRow, RowVerdict
from campaign.models.screening import Hold
from campaign.models.signature import Signature, SignatureState
from campaign.privacy.anonymise import anonymise_signatures
from tests.factories import make_campaign
from tests.integration.paper_signatures.test_sheets import ANA as KEYED
from tests.integration.paper_signatures.test_sheets import make_sheet
from tests.integration.tracking.conftest import ANA, sign

_CASE = "of the case, its officials and their missions: no supporter's"
_DESK = (
    "what staff say of what they do at the desk; it goes with their account or with what they did"
)
_UPLOAD = "of a file that was uploaded: it goes with the file, after days"

KEPT = {
    "api_token.name": _DESK,
    "bundle.cancel_reason": _DESK,
    "bundle.letter_secret": "chance: it binds words to a code by a salt, which erasure deletes",
    "bundle_reprint.reason": _DESK,
    "campaign.forbidden_words": _CASE,
    "campaign.person_name": _CASE,
    "campaign.picture_alt": _CASE,
    "campaign.review_note": _CASE,
    "edition.asks": _CASE,
    "edition.background": _CASE,
    "edition.outcome": _CASE,
    "edition.person_name": _CASE,
    "edition.summary": _CASE,
    "edition.title": _CASE,
    "letter_template.closing": _CASE,
    "letter_template.opening": _CASE,
    "letter_template.subject": _CASE,
    "talking_point.text": _CASE,
    "crm_connection.address": "of another program, which admins typed",
    "crm_connection.key": "of another program, which admins typed",
    "crm_person.remote_id": "so that staff delete the person there too; it goes when they have",
    "contact_import.file_name": _UPLOAD,
    "contact_import.findings": _UPLOAD,
    "contact_import.proof": _UPLOAD,
    "data_export.decision_note": _DESK,
    "data_export.reason": _DESK,
    "file_approval.reason": _DESK,
    "desk_draft.content": _CASE,
    "directory_import.failure": _UPLOAD,
    "directory_import.file_name": _UPLOAD,
    "directory_import_row.detail": _CASE,
    "export_key.label": _DESK,
    "gate_visit.delegates": "who carried letters to a gate (threat-model.md)",
    "gate_visit.notes": "what was seen at a gate (threat-model.md)",
    "gate_visit.received_by": "who opened the gate: an official",
    "invalidation.conditions": "by what false signatures are found (threat-model.md)",
    "invalidation.reason": _DESK,
    "mission.door_notes": _CASE,
    "new_campaign_draft.content": _CASE,
    "paper_import.file_name": _UPLOAD,
    "paper_import.findings": "numbers of rows, names of fields and slugs of faults; " + _UPLOAD,
    "passkey.name": _DESK,
    "proposal.note": _DESK,
    "proposal.payload": _CASE,
    "reply.notes": _DESK,
    "reply.sender": _CASE,
    "reply.subject": _CASE,
    "reply.text": _CASE,
    "reply_translation.text": _CASE,
    "revision.content": _CASE,
    "risk_flag.words": _CASE,
    "staff_user.email": _DESK,
    "staff_user.name": _DESK,
    "staff_user.totp_secret": _DESK,
    "webhook_endpoint.address": _DESK,
    "webhook_endpoint.secret": "by it a program knows our messages",
    "webhook_event.body": "ids and consents: of who is erased the id leads nowhere any more",
}
"""Sealed columns that a supporter's erasure leaves as they are, and why."""

BY_TIME = {
    "campaign_figures.counts": "sums go on being shown; who is in them is erased",
    "figures_block.counts": "sums go on being shown; who is in them is erased",
    "crm_person.failure_words": "it ends with the membership",
    "letters_link.email": "a link is deleted when it expires",
    "network_member.email": "a membership ends when its member leaves",
    "network_member.consent_source": "of one from a file; it ends with the membership",
    "outbox_mail.context": "forgotten once the mail is sent",
    "outbox_mail.recipient": "forgotten once the mail is sent",
    "signature.country": "figures are made of it: it goes at the person's own wish",
    "signature.exact_times": "figures are made of it: it goes at the person's own wish",
    "signature.region": "figures are made of it: it goes at the person's own wish",
    "signature.source": "figures are made of it: it goes at the person's own wish",
    "volume.region": "figures are made of it: it goes at the person's own wish",
}
"""Besides, those that the daily job leaves, which erases who wrote when the time is over."""

_VALUES: dict[str, Any] = {
    "outbox_mail.context": json.dumps({"name": ANA}),
    "paper_row.details": KEYED.to_json().replace('"email": ""', f'"email": "{ANA}"'),
    "signature.country": "CA",
    "signature.exact_times": "2026-11-27T19:31:07.000001 2026-11-27T19:40:09.000001",
    "signature.points": [ANA],
    "signature.region": "Yukon",
}
"""What stands in them before; in all others stands the address, by which it is found again."""
_MARKS = {
    "campaign_figures.counts": "YT",
    "figures_block.counts": "YT",
    "signature.country": "CA",
    "signature.exact_times": "19:31:07",
    "signature.region": "Yukon",
}
"""By which what is held about Ana is found in them."""


def sealed_columns(metadata: MetaData) -> dict[str, Column[Any]]:
    """Columns whose type seals what is put into them, by `table.column`."""
    return {
        f"{table.name}.{column.name}": column
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, TypeDecorator)
        and isinstance(column.type.impl, LargeBinary)
        and not isinstance(column.type, LookUp)
    }


SEALED = sealed_columns(Base.metadata)
ERASED = sorted(SEALED.keys() - KEPT.keys())


def test_a_sealed_column_is_found_in_any_table() -> None:
    metadata = MetaData()
    Table(
        "added",
        metadata,
        Column("digest", LargeBinary(32)),
        Column("words", Sealed("added.words")),
        Column("phones", SealedList("added.phones")),
    )
    assert sorted(sealed_columns(metadata)) == ["added.phones", "added.words"]


def test_what_is_kept_is_there_and_has_its_reason() -> None:
    assert KEPT.keys() <= SEALED.keys()
    assert BY_TIME.keys() <= set(ERASED)
    assert all((KEPT | BY_TIME).values())
    assert all(column.type.place == name for name, column in SEALED.items())


@pytest.fixture
def everything(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> str:
    """Everything that can be held about Ana: each sealed column that is not kept is filled.

    One letter is printed, one waits to be looked at. Gives the address of her page.
    """
    freeze(campaign)
    other = sign(session, make_campaign(session), email=ANA, state=SignatureState.HELD)
    sheet, fingerprint = make_sheet(session, campaign), ana.email_hmac
    for position, facts in enumerate(
        [
            {"verdict": RowVerdict.DOUBLE, "twin_id": ana.id},
            {"verdict": RowVerdict.DOUBLE, "twin_id": other.id},
            {"verdict": RowVerdict.REMOVED, "email_hmac": fingerprint},
        ],
        start=1,
    ):
        session.add(PaperRow(sheet_id=sheet.id, position=position, **facts))
    for signature in (ana, other):
        session.add(Hold(signature_id=signature.id, campaign_id=signature.campaign_id, reasons=[]))
    member = NetworkMember(email=ANA, email_hmac=fingerprint, locale="en", consent_wording="More.")
    connection = CrmConnection(kind=CrmKind.CIVICRM, address="https://crm.example.org", key="x")
    session.add_all([member, connection])
    session.flush()
    told = CrmPerson(connection_id=connection.id, member=member.public_id, due_at=db.utcnow())
    session.add(told)
    session.flush()
    for name in ERASED:
        if not name.endswith("counts"):
            column = SEALED[name]
            row_name = column.table.c.seal_id
            for row in session.scalars(select(row_name)).all():
                filled = {column: _VALUES.get(name, ANA), row_name: row}
                session.execute(update(column.table).where(row_name == row).values(filled))
    session.commit()
    jobs.run_now("overview.recount")
    assert held(session) == ERASED, "each must be filled to be missed: have it filled here"
    return box


def held(session: Session) -> list[str]:
    """The columns that tell of Ana."""
    session.rollback()
    return [
        name
        for name in ERASED
        if any(
            _MARKS.get(name, ANA) in value
            for value in session.scalars(select(SEALED[name]).where(SEALED[name].is_not(None)))
        )
    ]


@pytest.mark.both_engines
def test_an_erasure_empties_all_that_is_not_kept(
    app: Flask, client: FlaskClient, session: Session, everything: str
) -> None:
    client.post(f"{everything}/erase")
    session.rollback()
    [told] = session.scalars(select(OutboxMail.id)).all()
    session.rollback()
    jobs.run_now("mail.send", told)  # it says to her that all was erased
    jobs.run_now("overview.count")
    assert held(session) == []


def test_time_empties_all_of_the_writer_that_is_not_counted(
    session: Session, everything: str
) -> None:
    session.execute(delete(PaperRow).where(PaperRow.verdict == RowVerdict.REMOVED))  # as days later
    anonymise_signatures(session, session.scalars(select(Signature.id)).all(), db.utcnow())
    session.commit()
    jobs.run_now("overview.count")
    assert held(session) == sorted(BY_TIME)
