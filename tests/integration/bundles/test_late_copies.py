"""An office that receives a copy since people signed: only letters signed while it does name it."""

from datetime import timedelta
from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.bundles.documents.readme_text import say_copies
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.volumes.load_letters import load_volume
from campaign.campaigns.content.targets import Aim, replace_official, set_targets
from campaign.core import audit, db
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.signature import Letter, Signature
from campaign.signing.letter.draft import signed_letters
from tests.factories import add_confirmed, make_campaign, make_target_official
from tests.integration.bundles.conftest import Freeze, reload
from tests.integration.signing.conftest import FORM

COPY = "Copy: Jane Doe, Chief Justice"
MIGRATION = import_module("campaign.migrations.versions.0073_copied_since")


def add_copy(session: Session, campaign: Campaign) -> Target:
    judge = make_target_official(9, name="Jane Doe", office={"en": "Chief Justice"})
    session.add(judge)
    session.flush()
    kept = [Aim(target.official, target.kind, target.mission) for target in campaign.targets]
    aims = [*kept, Aim(judge, TargetKind.COPY)]
    return set_targets(session, campaign, actor="staff:1", aims=aims)[-1]


def sign(session: Session, campaign: Campaign, minutes: int) -> Signature:
    """A letter signed so many minutes before or after now, as its columns tell it."""
    at = db.utcnow() + timedelta(minutes=minutes)
    [signature] = add_confirmed(
        session, campaign, 1, signed_at=at, confirmed_at=at, letter_locale="en"
    )
    columns = signature.times.cut(campaign.timezone)
    for name in ("exact_times", "signed_at", "confirmed_at"):
        setattr(signature, name, columns[name])
    session.commit()
    return signature


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ((-1,), ""),
        ((1,), "The letters say who receives a copy. Send a copy by post or email to: Jane Doe"),
        ((-1, 1), "Some letters, not all, say at their end that a copy goes to: Jane Doe"),
    ],
)
def test_a_letter_names_a_copy_only_if_it_was_signed_since(
    app: Flask, session: Session, freeze: Freeze, moments: tuple[int, ...], expected: str
) -> None:
    campaign = make_campaign(session)
    signatures = {minutes: sign(session, campaign, minutes) for minutes in moments}
    add_copy(session, campaign)
    session.commit()
    for minutes, signature in signatures.items():
        [waiting] = signed_letters(signature)
        assert waiting.copies_to == ((COPY,) if minutes > 0 else ())
    session.rollback()
    bundle = reload(session, freeze(campaign.id))
    ids = {letter.id: letter.signature_id for letter in session.scalars(select(Letter))}
    minutes_of = {signature.id: minutes for minutes, signature in signatures.items()}
    printed = load_volume(session, bundle.volumes[0].id).letters
    assert len(printed) == len(moments)
    for letter in printed:
        assert letter.copies_to == ((COPY,) if minutes_of[ids[int(letter.key)]] > 0 else ())
    for signature in session.scalars(select(Signature)):
        [kept] = signed_letters(signature)
        assert kept.copies_to == ((COPY,) if minutes_of[signature.id] > 0 else ())
    with app.test_request_context():
        sentence = say_copies(Frozen.from_json(bundle.frozen), "en")
    assert sentence.startswith(expected)
    assert bool(sentence) is bool(expected)


@pytest.mark.parametrize(
    "moments", [(-25, -5), (-40, -15), (-40, -25, -15, -5)], ids=["all", "none", "some"]
)
def test_a_copy_that_was_removed_and_added_again_is_named_where_people_read_of_it(
    session: Session, freeze: Freeze, moments: tuple[int, ...]
) -> None:
    campaign = make_campaign(session)
    aims = [Aim(target.official, target.kind, target.mission) for target in campaign.targets]
    target, now = add_copy(session, campaign), db.utcnow()
    target.copied_since = now - timedelta(minutes=30)
    session.flush()
    set_targets(session, campaign, actor="staff:1", aims=aims)
    [past] = campaign.past_copies
    past.removed_at = now - timedelta(minutes=20)
    session.flush()
    aims.append(Aim(target.official, TargetKind.COPY))
    set_targets(session, campaign, actor="staff:1", aims=aims)
    campaign.targets[-1].copied_since = now - timedelta(minutes=10)
    signatures = {sign(session, campaign, minutes).id: minutes for minutes in moments}
    expected = {id_: (COPY,) if minutes in {-25, -5} else () for id_, minutes in signatures.items()}

    def read_copies() -> dict[int, tuple[str, ...]]:
        signed = session.scalars(select(Signature))
        return {signature.id: signed_letters(signature)[0].copies_to for signature in signed}

    assert read_copies() == expected
    session.rollback()
    bundle = reload(session, freeze(campaign.id))
    assert read_copies() == expected
    (words,) = Frozen.from_json(bundle.frozen).targets.values()
    spoken = words.addressing["en"]
    assert len(spoken.copies) == any(expected.values())
    assert any(spoken.copied_since) == (len(set(expected.values())) == 2)


def test_a_copy_of_before_the_opening_is_in_every_letter_and_stays_with_a_successor(
    session: Session,
) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    target = add_copy(session, campaign)
    assert target.copied_since is None
    campaign.status, campaign.opened_at = CampaignStatus.OPEN, db.utcnow()
    signature = sign(session, campaign, 0)
    successor = make_target_official(10, name="Bo Lindqvist", office={"en": "Chief Justice"})
    session.add(successor)
    session.flush()
    replace_official(session, target=target, successor=successor, actor="staff:1")
    assert signed_letters(signature)[0].copies_to == ("Copy: Bo Lindqvist, Chief Justice",)


def test_the_page_check_says_who_receives_a_copy(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session)
    session.commit()
    url = f"/en/actions/{campaign.slug}/check"
    sentence = "A copy of your letter, with your name, goes to: Jane Doe, Chief Justice."
    assert "A copy of your letter" not in client.post(url, data=FORM).text
    add_copy(session, campaign)
    session.commit()
    assert sentence in client.post(url, data=FORM).text


@pytest.mark.both_engines
def test_a_copy_of_before_the_migration_is_named_since_the_audit_has_it(
    app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    for number in (20, 21, 22):  # the last is one with whom another was merged
        official = make_target_official(number)
        campaign.targets.append(Target(official=official, kind=TargetKind.COPY, position=number))
    session.flush()
    official_ids = [target.official_id for target in campaign.targets]
    for known in (2, 3):
        audit.record(
            session, "staff:1", "campaign.targets", campaign, officials=official_ids[:known]
        )
        session.flush()
        if known == 2:
            campaign.opened_at = db.utcnow()
    session.commit()
    campaign_id = campaign.id
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, MIGRATION.down_revision)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        added = text("SELECT at FROM audit_entry WHERE action = 'campaign.targets' ORDER BY id")
        moments = connection.execute(added).scalars().all()
        query = text("SELECT copied_since FROM target WHERE campaign_id = :id ORDER BY position")
        since = connection.execute(query, {"id": campaign_id}).scalars().all()
    assert since == [None, None, moments[1], moments[1]]


@pytest.mark.both_engines
def test_the_database_goes_back_and_forth_with_copies_that_were_removed(
    app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    aims = [Aim(target.official, target.kind, target.mission) for target in campaign.targets]
    aims.append(Aim(add_copy(session, campaign).official, TargetKind.COPY))
    for chosen in (aims[:1], aims):
        set_targets(session, campaign, actor="staff:1", aims=chosen)
    session.commit()
    campaign_id, since = campaign.id, campaign.targets[1].copied_since
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0073")
    migrations.upgrade(engine)
    campaign = session.get_one(Campaign, campaign_id)
    assert [target.copied_since for target in campaign.targets] == [None, since]
    assert campaign.past_copies == []
    kept = [Aim(target.official, target.kind, target.mission) for target in campaign.targets[:1]]
    set_targets(session, campaign, actor="staff:1", aims=kept)
    assert [past.copied_since for past in campaign.past_copies] == [since]
