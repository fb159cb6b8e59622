"""Freezing takes every letter that waits, once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze import waiting_counts
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import audit, db
from campaign.core.errors import Refused
from campaign.core.settings import Settings, load_settings
from campaign.models.bundle import Bundle, BundleKind, Volume
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Signature, SignatureState
from tests.factories import add_confirmed, freeze_waiting, make_campaign


def freeze(session: Session, campaign: Campaign, settings: Settings, locale: str = "en") -> Bundle:
    return freeze_waiting(session, campaign, settings=settings, locale=locale, actor="command")


@pytest.mark.both_engines
def test_a_freeze_numbers_letters_in_the_order_of_confirmation(
    session: Session, settings: Settings
) -> None:
    campaign = make_campaign(session)
    start = db.utcnow()
    add_confirmed(session, campaign, 5, confirmed_at=lambda at: start - timedelta(minutes=at))
    bundle = freeze(session, campaign, settings)
    session.commit()
    assert (bundle.kind, bundle.sequence, bundle.letter_count) == (BundleKind.FIRST, 1, 5)
    in_order = session.scalars(
        select(Signature.confirmed_at)
        .join(Letter, Letter.signature_id == Signature.id)
        .order_by(Letter.sequence)
    ).all()
    assert in_order == sorted(in_order)
    assert session.scalars(select(Letter.sequence).order_by(Letter.sequence)).all() == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_volumes_hold_no_more_letters_than_the_settings_say(
    session: Session, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 7)
    small = load_settings(instance=tmp_path / "small", volume_letters=3)
    bundle = freeze(session, campaign, small)
    assert [volume.letter_count for volume in bundle.volumes] == [3, 3, 1]
    counted = session.execute(
        select(Volume.sequence, func.min(Letter.sequence), func.max(Letter.sequence))
        .join(Letter, Letter.volume_id == Volume.id)
        .group_by(Volume.sequence)
        .order_by(Volume.sequence)
    ).all()
    assert [tuple(row) for row in counted] == [(1, 1, 3), (2, 4, 6), (3, 7, 7)]


def test_only_confirmed_letters_of_the_campaign_and_mission_are_taken(
    session: Session, settings: Settings
) -> None:
    campaign, other = make_campaign(session), make_campaign(session)
    add_confirmed(session, campaign, 2)
    add_confirmed(session, campaign, 3, state=SignatureState.PENDING)
    add_confirmed(session, campaign, 1, state=SignatureState.WITHDRAWN)
    add_confirmed(session, other, 4)
    assert freeze(session, campaign, settings).letter_count == 2
    assert [
        (waiting.campaign.id, waiting.letters) for waiting in waiting_counts.list_waiting(session)
    ] == [(other.id, 4)]


def test_a_second_bundle_holds_only_what_was_confirmed_since(
    session: Session, settings: Settings
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    first = freeze(session, campaign, settings)
    late = add_confirmed(session, campaign, 2)
    second = freeze(session, campaign, settings)
    assert (second.kind, second.sequence, second.letter_count) == (BundleKind.SUPPLEMENTARY, 2, 2)
    taken = set(session.scalars(select(Letter.signature_id).where(Letter.bundle_id == second.id)))
    assert taken == {signature.id for signature in late}
    assert first.letter_count == 3


def test_nothing_waiting_is_refused_and_leaves_no_row(session: Session, settings: Settings) -> None:
    campaign = make_campaign(session)
    with pytest.raises(Refused, match="nothing-to-print"):
        freeze(session, campaign, settings)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0


@pytest.mark.parametrize(
    ("status", "slug"), [(CampaignStatus.STOPPED, "stopped"), (CampaignStatus.DRAFT, "not-open")]
)
def test_a_stopped_or_draft_campaign_gives_no_bundle(
    session: Session, settings: Settings, status: CampaignStatus, slug: str
) -> None:
    campaign = make_campaign(session, status=status)
    add_confirmed(session, campaign, 1)
    with pytest.raises(Refused, match=slug):
        freeze(session, campaign, settings)
    assert waiting_counts.list_waiting(session) == []


def test_a_closed_campaign_is_still_printed(session: Session, settings: Settings) -> None:
    campaign = make_campaign(session, status=CampaignStatus.CLOSED)
    add_confirmed(session, campaign, 1)
    assert freeze(session, campaign, settings).letter_count == 1


@pytest.mark.both_engines
def test_freezes_at_once_take_each_letter_once(
    app: Flask, session: Session, settings: Settings
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 40)
    session.commit()

    def freeze_once(_: int) -> int:
        with app.app_context(), suppress(Refused), db.transaction() as own:
            return freeze(own, own.get_one(Campaign, campaign.id), settings).letter_count
        return 0

    with ThreadPoolExecutor(4) as pool:
        taken = sorted(pool.map(freeze_once, range(4)))
    assert taken == [0, 0, 0, 40]
    assert session.scalar(select(func.count()).select_from(Bundle)) == 1


def test_what_is_frozen_holds_addresses_and_nothing_of_the_supporters(
    session: Session, settings: Settings
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3, family_name="Zanzibarqueen", own_words="Marmalade words.")
    bundle = freeze(session, campaign, settings, locale="fr")
    frozen = Frozen.from_json(bundle.frozen)
    target = frozen.targets[campaign.targets[0].id]
    assert set(target.addressing) == {"en", "fr", "es"}
    assert target.addressing["fr"].salutation == "Madame la Gouverneure,"
    assert frozen.mission.name == "Ambassade de la République"
    assert frozen.layout == "us-10"
    assert frozen.case.act_by == campaign.act_by
    assert Frozen.from_json(frozen.to_json()) == frozen
    assert not any(word in str(bundle.frozen) for word in ("Zanzibar", "Marmalade", "example.org>"))


def test_a_freeze_is_in_the_audit(session: Session, settings: Settings) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    bundle = freeze(session, campaign, settings)
    entry = session.scalars(select(audit.AuditEntry)).one()
    assert (entry.action, entry.subject) == ("bundle.freeze", f"bundle:{bundle.id}")
    assert entry.detail == {"letters": 2, "volumes": 1}
