"""Who writes of a witness learns on no path that the letter is held."""

import json
import re
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.campaigns.content.risks import newest_flag
from campaign.core import db, jobs
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, UpdateKind
from campaign.models.network import MemberState, NetworkMember
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Signature, SignatureState
from campaign.models.webhook import EndpointState, EventKind, WebhookEndpoint, WebhookEvent
from campaign.network import memberships
from campaign.privacy.subject_access import gather_data
from campaign.screening import invalidate, review_queue
from campaign.tracking.letter_links import Mailbox
from campaign.tracking.news_subscription import count_readers
from tests.factories import post as post_form
from tests.integration.screening.conftest import (
    Write,
    read_flags_seen,
    the_signature,
    version_of_hold,
)
from tests.integration.screening.test_invalidate import by, change_words, counted, run, undo
from tests.integration.tracking.test_notices import post, tell_all

CONFIRMED, HELD, INVALID = SignatureState.CONFIRMED, SignatureState.HELD, SignatureState.INVALID
BEFORE = import_module("campaign.migrations.versions.0072_flags_checked").down_revision
NAMED = "Halldora Lysing saw it all."
DOMAIN = {"domains": ("example.org",)}


@pytest.fixture(autouse=True)
def _witness(campaign: Campaign, session: Session) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    session.commit()


def seen(signature: Signature) -> tuple[SignatureState, SignatureState]:
    return signature.state, signature.shown_state


def test_a_silent_hold_stays_silent_when_it_is_set_aside_changed_and_restored(
    app: Flask, session: Session, write: Write
) -> None:
    link = write(NAMED)
    assert seen(the_signature(session)) == (HELD, CONFIRMED)
    invalidation = run(session, counted(app, session, None, **DOMAIN))
    assert seen(the_signature(session)) == (INVALID, CONFIRMED)
    assert seen(change_words(session, f"{NAMED} Indeed.")) == (INVALID, CONFIRMED)
    assert undo(session, invalidation).restored == 1
    signature = the_signature(session)
    assert seen(signature) == (HELD, CONFIRMED)
    assert session.get_one(Hold, signature.id).decision is Decision.OPEN
    assert "Thank you. Your letter is confirmed." in app.test_client().get(link).text


def test_a_letter_that_a_later_flag_holds_reads_the_same_to_its_writer(
    app: Flask, session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    links = [write("Petra Salas told me."), write("A friend told me.")]

    def read(link: str) -> str:
        return re.sub(r'name="csrf_token" value="[^"]+"', "", app.test_client().get(link).text)

    before = [read(link) for link in links]
    mails = len(session.scalars(select(OutboxMail)).all())
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Petra Salas")]
    session.commit()
    jobs.run_now("screening.check-flags", campaign.id)
    first, second = session.scalars(select(Signature).order_by(Signature.id)).all()
    assert (seen(first), seen(second)) == ((HELD, CONFIRMED), (CONFIRMED, CONFIRMED))
    after = [read(link) for link in links]
    assert after == before
    assert len(session.scalars(select(OutboxMail)).all()) == mails
    assert "Petra Salas" in staff.get("/desk/screening/").text


def test_one_that_comes_to_a_standing_invalidation_is_shown_as_confirmed_and_restored_held(
    app: Flask, session: Session, write: Write
) -> None:
    write("Honest.")
    invalidation = run(session, counted(app, session, None, **DOMAIN), standing=True)
    write(NAMED)
    assert seen(the_signature(session)) == (INVALID, CONFIRMED)
    undo(session, invalidation)
    assert seen(the_signature(session)) == (HELD, CONFIRMED)


@pytest.mark.both_engines
def test_who_was_asked_to_change_it_sees_so_after_an_undo_too(
    app: Flask, session: Session, write: Write
) -> None:
    write(NAMED)
    signature = the_signature(session)
    seen_versions = {version_of_hold(signature)}
    staff, now = by(session), db.utcnow()
    review_queue.decide(
        session,
        public_ids=[signature.public_id],
        seen=seen_versions,
        decision=Decision.RETURNED,
        by=staff,
        now=now,
        note="Leave it out.",
    )
    session.commit()
    assert seen(the_signature(session)) == (HELD, HELD)
    invalidation = run(session, counted(app, session, None, **DOMAIN))
    assert seen(the_signature(session)) == (INVALID, HELD)
    assert seen(change_words(session, "Somebody saw it all.")) == (INVALID, HELD)
    undo(session, invalidation)
    assert seen(the_signature(session)) == (HELD, HELD)


def numbers(app: Flask, campaign: Campaign, link: str) -> tuple[int, int, int]:
    """How many have written, on the case's page, in the list of cases, on the writer's own page."""
    reader = app.test_client()
    pages = [reader.get(url).text for url in (f"/en/actions/{campaign.slug}", "/en/", link)]
    first, second, own = (
        int(match[1])
        if (match := re.search(r"(\d+) (?:person has|people have) written", page))
        else 0
        for page in pages
    )
    return first, second, own


def count_all(app: Flask) -> None:
    with app.app_context():
        jobs.run_now("campaigns.count")


def test_in_a_quiet_case_no_number_tells_that_a_letter_is_held(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    count_all(app)
    link, told = "", []
    for words in ("I thank you.", NAMED):
        link = write(words)
        at_once = numbers(app, campaign, link)
        count_all(app)
        told.append((at_once[0], at_once[2], *numbers(app, campaign, link)))
    # Before the next count the writer alone sees it counted, held or not.
    assert told == [(0, 1, 1, 1, 1), (1, 2, 2, 2, 2)]
    assert seen(the_signature(session)) == (HELD, CONFIRMED)
    assert [waiting.letters for waiting in list_waiting(session)] == [1], (
        "of what is printed it is no part"
    )
    invalidation = counted(app, session, None, **DOMAIN)
    (effect,) = invalidate.list_effects(session, invalidation)
    assert (effect.before, effect.after) == (2, 0)
    review_queue.decide(
        session,
        public_ids=[the_signature(session).public_id],
        seen={version_of_hold(the_signature(session))},
        decision=Decision.REJECTED,
        by=by(session),
        now=db.utcnow(),
        note="No.",
    )
    session.commit()
    count_all(app)
    assert numbers(app, campaign, link)[:2] == (1, 1)


CONSENTS = {"consent_updates": "y", "consent_network": "y"}


def run_queue(app: Flask, session: Session) -> None:
    session.commit()
    huey = app.extensions["queue"].huey
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


def write_two(app: Flask, session: Session, write: Write) -> list[Signature]:
    """Write a letter that names the witness, and one that does not; each asks for all emails."""
    for words in ("I thank you.", NAMED):
        write(words, **CONSENTS)
    run_queue(app, session)
    signatures = list(session.scalars(select(Signature).order_by(Signature.id)))
    assert [seen(signature) for signature in signatures] == [
        (CONFIRMED, CONFIRMED),
        (HELD, CONFIRMED),
    ]
    return signatures


def list_mails(session: Session, signature: Signature) -> list[str]:
    session.rollback()
    to = OutboxMail.recipient_hmac == signature.email_hmac
    return list(session.scalars(select(OutboxMail.kind).where(to).order_by(OutboxMail.id)))


def decide(app: Flask, session: Session, signature: Signature, decision: Decision) -> None:
    review_queue.decide(
        session,
        public_ids=[signature.public_id],
        seen={session.get_one(Hold, signature.id).version},
        decision=decision,
        by=by(session),
        now=db.utcnow(),
        note="No." if decision is Decision.REJECTED else "",
        flagged_seen=True,
    )
    run_queue(app, session)


def test_emails_and_the_form_of_the_network_tell_nobody_that_a_letter_is_held(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    both = write_two(app, session, write)
    assert count_readers(session, campaign) == 2
    post(app, campaign, UpdateKind.REPLY, signers=True)
    tell_all(session)
    jobs.run_now("network.sweep")
    addresses = [signature.email for signature in both]
    session.commit()
    for address in addresses:
        form = {"email": address, "frequency": "each", "consent": "y"}
        form |= {"country_scope": "all", "theme_scope": "all"}
        assert app.test_client().post("/en/network", data=form).status_code == 303
    told, told_of_held = (sorted(list_mails(session, signature)) for signature in both)
    assert told == ["case-update", "confirm-letter", "network-action", "network-already"]
    assert told_of_held == told


_OWN = ("_at", "_hmac", "_digest", "public_id", "exact_times")
"""Ends of names of what each person has their own of."""


def read_download(session: Session, signature: Signature) -> dict[str, Any]:
    """Read all that is held about a mailbox; of what differs between people, that it is there."""
    box = Mailbox(signature.email, signature.email_hmac, db.utcnow())
    text = json.dumps(gather_data(session, box, db.utcnow()).data, default=str)
    own = {signature.email, signature.own_words, signature.public_id}

    def blur(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: blur(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [blur(part) for part in value]
        is_own = value in own or name.endswith(_OWN)
        return bool(value) if is_own else value

    read: dict[str, Any] = blur(json.loads(text))
    return read


def test_what_somebody_downloads_of_themselves_tells_not_that_a_letter_is_held(
    app: Flask, session: Session, write: Write
) -> None:
    plain, held = (
        read_download(session, signature) for signature in write_two(app, session, write)
    )
    assert held == plain
    assert [member["state"] for member in held["network"]] == [MemberState.ACTIVE]


def test_a_message_that_was_lost_keeps_nobody_out_whose_letter_is_held(
    session: Session, write: Write
) -> None:
    write(NAMED, **CONSENTS)
    assert memberships.list_missed_signers() == [the_signature(session).id]


@pytest.mark.parametrize("decision", [Decision.APPROVED, Decision.REJECTED])
def test_other_programs_are_told_at_once_and_what_is_decided_later_changes_no_membership(
    app: Flask, session: Session, write: Write, decision: Decision
) -> None:
    kinds = [kind.value for kind in EventKind]
    endpoint = {"address": "https://example.org/", "secret": "whsec_x", "events": kinds}
    session.add(WebhookEndpoint(**endpoint, state=EndpointState.READY))
    session.commit()

    def list_told() -> list[tuple[str, str]]:
        bodies = map(
            json.loads, session.scalars(select(WebhookEvent.body).order_by(WebhookEvent.id))
        )
        return [(body["type"], body["data"]["signature"]) for body in bodies]

    both = write_two(app, session, write)
    told = [("signature.confirmed", signature.public_id) for signature in both]
    assert list_told() == told
    session.execute(delete(WebhookEvent))  # as the log is after some weeks
    decide(app, session, both[1], decision)
    assert seen(the_signature(session))[0] is not HELD
    assert list_told() == []
    assert list(session.scalars(select(NetworkMember.state))) == [MemberState.ACTIVE] * 2


def test_an_approval_is_not_for_a_flag_that_its_reader_did_not_see(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    write(f"{NAMED} Vera Lund as well.")
    held = the_signature(session)
    url = f"/desk/screening/letters/{held.public_id}"
    approve = {"decision": "approve", "flagged_seen": "y", "seen": version_of_hold(held)}
    seen_before = read_flags_seen(staff.get("/desk/screening/").text)
    campaign.risk_flags.append(RiskFlag(kind=RiskKind.WITNESS, words="Vera Lund"))
    session.commit()
    for flags_seen in ({}, seen_before):
        asked = post_form(staff, url, approve | flags_seen)
        assert asked.status_code == 422
        assert "<mark>Vera Lund</mark>" in asked.text
        assert the_signature(session).state is HELD
        session.rollback()
    # Another that the letter does not name is no reason to ask.
    seen_now = read_flags_seen(asked.text)
    campaign.risk_flags.append(RiskFlag(kind=RiskKind.WITNESS, words="Nobody Else"))
    session.commit()
    newest = newest_flag(campaign)
    session.rollback()
    assert post_form(staff, url, approve | seen_now).status_code == 303
    approved = the_signature(session)
    assert (approved.state, approved.flags_checked) == (CONFIRMED, newest)


def test_a_letter_whose_flag_is_gone_can_be_approved(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    write(NAMED)
    held = the_signature(session)
    campaign.risk_flags = []
    session.commit()
    approve = {"decision": "approve", "flagged_seen": "y", "seen": version_of_hold(held)}
    approve |= read_flags_seen(staff.get("/desk/screening/").text)
    url = f"/desk/screening/letters/{held.public_id}"
    assert post_form(staff, url, approve).status_code == 303
    assert the_signature(session).state is CONFIRMED


def test_a_letter_that_is_confirmed_changed_or_approved_was_searched_for_the_newest_flag(
    session: Session, campaign: Campaign, write: Write
) -> None:
    def set_flag(*names: str) -> int:
        session.rollback()
        campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words=name) for name in names]
        session.commit()
        newest = newest_flag(campaign)
        session.rollback()
        return newest

    newest = set_flag("Halldora Lysing")
    write("Somebody saw it all.")
    assert the_signature(session).flags_checked == newest > 0
    newest = set_flag("Vera Lund")
    assert change_words(session, "A friend saw it.").flags_checked == newest
    session.rollback()
    write("Vera Lund saw it.")
    newest = set_flag("Nobody Else")
    signature = the_signature(session)
    review_queue.decide(
        session,
        public_ids=[signature.public_id],
        seen={version_of_hold(signature)},
        decision=Decision.APPROVED,
        by=by(session),
        now=db.utcnow(),
        flagged_seen=True,
    )
    session.commit()
    assert the_signature(session).flags_checked == newest


@pytest.mark.both_engines
def test_the_migration_asks_again_about_none_that_was_approved_with_the_flags_there_are(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    for words in (NAMED, "I thank you."):
        write(words)
    first = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    review_queue.decide(
        session,
        public_ids=[first.public_id],
        seen={version_of_hold(first)},
        decision=Decision.APPROVED,
        by=by(session),
        now=db.utcnow(),
        flagged_seen=True,
    )
    session.commit()
    newest = newest_flag(campaign)
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    checked = session.scalars(select(Signature.flags_checked).order_by(Signature.id)).all()
    assert checked == [newest, 0]
