"""Supporters' words stay text on every page of the desk: names, places, own words, browsers."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from campaign.core import db, jobs
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateFile, GateFileFormat, GateFileKind, GateVisit
from campaign.models.export import DataExport, ExportFormat, ExportKind, ExportState, FileApproval
from campaign.models.paper_signature import PaperRow, PaperSheet, SheetKind
from campaign.models.reply import Channel, Reply, ReplyTranslation
from campaign.models.screening import Hold, Invalidation, InvalidationState
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from campaign.paper_signatures.check_row import Details
from campaign.signing.checks.conditions import Conditions
from campaign.signing.checks.origin import make_trace, marks_of
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_staff_user, post, sign_in
from tests.integration.bundles.conftest import Freeze, freeze
from tests.integration.web.test_trust_inert_text import CORPUS, faults

__all__ = ["freeze"]

OURS = {"<svg>"}
"""Charts of the desk, which hold no text of a supporter."""
SHOW_WORDS = {
    "screening.index",
    "screening.invalidation",
    "screening.invalidation_progress",
    "paper_signatures.show",
    "paper_signatures.correct",
    "paper_signatures.show_import",
    "replies.edit",
    "bundles.show_approval",
    "deliveries.correct",
    "deliveries.show",
    "exports.show",
}
"""Pages on which what somebody else typed is read: the corpus must stand there, as text."""

OF_A_VISIT = ("deliveries.add_files", "deliveries.correct", "deliveries.show")
OF_AN_ATTEMPT = ("deliveries.publish", "deliveries.show_attempt")


def make_writers(session: Session, campaign: Campaign, state: SignatureState) -> list[Signature]:
    """Somebody for each string, who has it in every field."""
    keyring = db.database().keyring
    writers = add_confirmed(session, campaign, len(CORPUS), state=state, letter_locale="en")
    for writer, text in zip(writers, CORPUS, strict=True):
        writer.given_name = writer.family_name = f"A{text}"
        writer.locality = writer.region = writer.postal_code = writer.own_words = text
        trace = make_trace("203.0.113.9", text)
        writer.trace = trace.text
        for name, mark in marks_of(keyring, trace, writer.email).items():
            setattr(writer, name, mark)
    return writers


@pytest.fixture
def ids(app: Flask, session: Session, freeze: Freeze) -> dict[str, dict[str, str]]:
    """What the addresses of pages name, by the beginning of their endpoints."""
    campaign = make_campaign(session)
    words = " ".join(CORPUS)
    make_writers(session, campaign, SignatureState.CONFIRMED)
    session.commit()
    bundle = session.get_one(Bundle, freeze(campaign.id))
    bundle.state, bundle.ready_at = BundleState.READY, db.utcnow()
    for letter in session.query(Letter).filter(Letter.bundle_id == bundle.id):
        letter.set_aside, letter.set_aside_detail = "missing-glyph", '{"character": "<script>"}'
    held = make_writers(session, campaign, SignatureState.HELD)
    session.add_all(
        Hold(signature_id=each.id, campaign_id=campaign.id, reasons=["first"]) for each in held
    )
    me = make_staff_user(session, Role.STAFF).id
    conditions = Conditions(name=words, similar_to=words, agents=tuple(CORPUS))
    invalidation = Invalidation(
        conditions=conditions.to_json(),
        reason=words,
        state=InvalidationState.COUNTED,
        found=len(held),
        counts={str(campaign.id): {"held": len(held)}},
        sample=[each.public_id for each in held],
        created_by_id=me,
        created_at=db.utcnow(),
        worked_at=db.utcnow(),
        last_id=0,
    )
    sheet = PaperSheet(
        campaign=campaign, kind=SheetKind.SHEET, collected_on=today(), country="CA", place=words
    )
    reply = Reply(
        campaign=campaign, received_on=today(), channel=Channel.LETTER, locale="en", text=words
    )
    reply.sender = reply.notes = words
    reply.titles = {"en": words}
    reply.translations = [ReplyTranslation(locale="fr", text=words)]
    export = DataExport(
        kind=ExportKind.FULL,
        format=ExportFormat.CSV,
        campaign=campaign,
        reason=words,
        recipients=[],
        state=ExportState.ASKED,
        requested_by_id=me,
        expires_at=db.utcnow(),
    )
    approval = FileApproval(
        campaign=campaign, reason=words, requested_by_id=me, expires_at=db.utcnow()
    )
    visit = GateVisit(
        key="x",
        mission_id=bundle.mission_id,
        happened_on=today(),
        place=words[:200],
        delegates=words,
        received_by=words,
        notes=words,
        tracking=CORPUS[2],
    )
    kind, file_format = GateFileKind.PICTURE, GateFileFormat.IMAGE
    photo = GateFile(kind=kind, format=file_format, folder="x", pages=1)
    visit.files = [photo]
    attempt = DeliveryAttempt(
        campaign=campaign,
        mission_id=bundle.mission_id,
        bundle=bundle,
        happened_on=today(),
        place=words[:200],
        received_by=words,
        messages=1,
        outcome=DeliveryOutcome.PART,
        notes={"en": words},
    )
    visit.attempts = [attempt]
    session.add_all([invalidation, sheet, reply, export, approval, visit])
    session.flush()
    rows = [
        data_entry.add_row(session, sheet, Details(text, text, text, text, "CA"), actor="test")
        for text in CORPUS
    ]
    session.commit()
    jobs.run_now("screening.count-trends")
    row: PaperRow = rows[0]
    return {
        "": {"slug": campaign.slug, "locale": "en", "lang": "en", "part": "edition", "place": "en"},
        "bundles.show_approval": {"public_id": approval.public_id},
        "bundles": {"public_id": bundle.public_id},
        "deliveries": {"public_id": bundle.public_id},
        **{key: {"public_id": visit.public_id} for key in OF_A_VISIT},
        **{key: {"public_id": attempt.public_id} for key in OF_AN_ATTEMPT},
        "screening": {"public_id": invalidation.public_id},
        "paper_signatures": {"public_id": sheet.public_id, "row": row.public_id},
        "replies": {"public_id": reply.public_id},
        "exports": {"public_id": export.public_id},
    }


def _addresses(app: Flask, ids: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Endpoint and address of each page of the desk whose names are known here."""
    rules: list[Rule] = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk")]
    for rule in rules:
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        known = ids[""] | ids.get(rule.endpoint.split(".")[0], {}) | ids.get(rule.endpoint, {})
        if rule.arguments <= known.keys() | (rule.defaults or {}).keys():
            values = {name: known[name] for name in rule.arguments if name in known}
            with app.test_request_context():
                yield rule.endpoint, app.url_for(rule.endpoint, **values)


def test_on_every_page_of_the_desk(
    app: Flask, client: FlaskClient, session: Session, ids: dict[str, dict[str, str]]
) -> None:
    sign_in(client, app, Role.ADMIN)
    table = "name,town\n" + "".join(
        f'"{text.replace(chr(34), chr(34) * 2)}",x\n' for text in CORPUS
    )
    file = (io.BytesIO(table.encode()), "a.csv")
    upload = {"file": file, "campaign": ids[""]["slug"]}
    uploaded = post(client, "/desk/paper/imports/new", upload)
    addresses = [*_addresses(app, ids), ("paper_signatures.show_import", uploaded.location)]
    held = session.query(Signature).filter_by(state=SignatureState.HELD).all()
    addresses += [
        ("screening.index", f"/desk/screening/?at={signature.public_id}") for signature in held
    ]
    session.rollback()
    shown, opened = set(), set()
    for endpoint, address in addresses:
        page = client.get(address)
        assert page.status_code < 500, address
        if page.status_code != 200 or page.mimetype != "text/html":
            continue
        opened.add(endpoint)
        assert set(faults(page.text)) <= OURS, address
        if "alert(1)" in page.text:
            shown.add(endpoint)
    assert len(opened) > 60
    assert opened >= {"deliveries.publish", *OF_A_VISIT}
    assert shown >= SHOW_WORDS
