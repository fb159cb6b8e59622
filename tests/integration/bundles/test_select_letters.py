"""What staff choose is what is frozen: whose letters, in which order, in which volumes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.freeze.choices import EVERYTHING, BundleChoice, LetterOrder, Split
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import db
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.models.campaign import Campaign, Target
from campaign.models.signature import Disclosure, Letter, Signature
from tests.factories import add_confirmed, freeze_waiting, make_campaign, make_target_official
from tests.integration.bundles.conftest import Print, reload
from tests.integration.bundles.test_print import contents, zip_of

REGIONS = ["ON", "QC", "ON", "AB", "QC", "ON"]


def freeze(
    session: Session, campaign: Campaign, settings: Settings, choice: BundleChoice = EVERYTHING
) -> Bundle:
    return freeze_waiting(session, campaign, settings=settings, choice=choice)


def numbered(session: Session, bundle: Bundle) -> list[Signature]:
    return list(
        session.scalars(
            select(Signature)
            .join(Letter, Letter.signature_id == Signature.id)
            .where(Letter.bundle_id == bundle.id)
            .order_by(Letter.sequence)
        )
    )


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """Six letters, confirmed one after the other, signed the other way round."""
    opened = make_campaign(session)
    now = db.utcnow()
    add_confirmed(
        session,
        opened,
        6,
        family_name=lambda at: ["Ngo", "Étienne", "Abel", "Zhou", "Cole", "Diaz"][at],
        given_name="Ada",
        region=lambda at: REGIONS[at],
        disclosure=Disclosure.FULL,
        letter_locale=lambda at: ["en", "fr", "es"][at % 3],
        confirmed_at=lambda at: now + timedelta(minutes=at),
        signed_at=lambda at: now - timedelta(days=at),
    )
    session.commit()
    return opened


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("order", "names"),
    [
        (LetterOrder.CONFIRMED, ["Ngo", "Étienne", "Abel", "Zhou", "Cole", "Diaz"]),
        (LetterOrder.SIGNED, ["Diaz", "Cole", "Zhou", "Abel", "Étienne", "Ngo"]),
        (LetterOrder.NAME, ["Abel", "Cole", "Diaz", "Étienne", "Ngo", "Zhou"]),
        (LetterOrder.REGION, ["Zhou", "Abel", "Diaz", "Ngo", "Cole", "Étienne"]),
    ],
)
def test_letters_are_numbered_in_the_order_that_was_chosen(
    session: Session, settings: Settings, campaign: Campaign, order: LetterOrder, names: list[str]
) -> None:
    bundle = freeze(session, campaign, settings, BundleChoice(order=order))
    assert [signature.family_name for signature in numbered(session, bundle)] == names
    sequences = session.scalars(select(Letter.sequence).order_by(Letter.sequence)).all()
    assert sequences == [1, 2, 3, 4, 5, 6]
    assert Frozen.from_json(bundle.frozen).order == order.value


def test_only_chosen_languages_and_officials_are_taken(
    session: Session, settings: Settings, campaign: Campaign
) -> None:
    bundle = freeze(session, campaign, settings, BundleChoice(locales=frozenset({"fr"})))
    assert {signature.letter_locale for signature in numbered(session, bundle)} == {"fr"}
    assert bundle.letter_count == 2
    assert Frozen.from_json(bundle.frozen).targets[campaign.targets[0].id].names.keys() >= {"fr"}
    with pytest.raises(Refused, match="nothing-to-print"):
        freeze(session, campaign, settings, BundleChoice(targets=frozenset()))
    rest = freeze(session, campaign, settings)
    assert rest.letter_count == 4


def test_one_official_of_two_is_taken(session: Session, settings: Settings) -> None:
    campaign = make_campaign(session)
    mission = campaign.targets[0].mission
    campaign.targets.append(Target(official=make_target_official(77), mission=mission, position=1))
    session.flush()
    add_confirmed(session, campaign, 2)
    second = campaign.targets[1]
    bundle = freeze(session, campaign, settings, BundleChoice(targets=frozenset({second.id})))
    assert bundle.letter_count == 2
    taken = session.scalars(select(Letter.target_id).where(Letter.bundle_id == bundle.id))
    assert set(taken) == {second.id}


def test_volumes_by_region_hold_letters_of_one_region(
    session: Session, settings: Settings, campaign: Campaign
) -> None:
    choice = BundleChoice(split=Split.REGION, volume_letters=2, order=LetterOrder.NAME)
    bundle = freeze(session, campaign, settings, choice)
    volumes = [(volume.region, volume.letter_count) for volume in bundle.volumes]
    assert volumes == [("AB, Canada", 1), ("ON, Canada", 2), ("ON, Canada", 1), ("QC, Canada", 2)]
    rows = session.execute(
        select(Volume.sequence, Signature.family_name)
        .join(Letter, Letter.volume_id == Volume.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .order_by(Letter.sequence)
    )
    assert [tuple(row) for row in rows] == [
        (1, "Zhou"),
        (2, "Abel"),
        (2, "Diaz"),
        (3, "Ngo"),
        (4, "Cole"),
        (4, "Étienne"),
    ]


def test_a_region_is_sealed_in_the_database(
    session: Session, settings: Settings, campaign: Campaign
) -> None:
    freeze(session, campaign, settings, BundleChoice(split=Split.REGION))
    raw = session.connection().exec_driver_sql("SELECT region FROM volume").scalars().all()
    assert raw
    assert not any(b"Canada" in bytes(region) for region in raw)


@pytest.mark.both_engines
def test_numbers_go_on_after_the_last_bundle_where_that_is_chosen(
    session: Session, settings: Settings, campaign: Campaign
) -> None:
    freeze(session, campaign, settings)
    add_confirmed(session, campaign, 2)
    second = freeze(session, campaign, settings, BundleChoice(goes_on=True, order=LetterOrder.NAME))
    assert Frozen.from_json(second.frozen).first_number == 7
    in_second = select(Letter.sequence).where(Letter.bundle_id == second.id)
    assert sorted(session.scalars(in_second)) == [7, 8]  # type: ignore[type-var]
    assert session.scalar(select(func.count(Letter.id)).where(Letter.volume_id.is_(None))) == 0
    add_confirmed(session, campaign, 1)
    third = freeze(session, campaign, settings, BundleChoice(goes_on=True))
    assert Frozen.from_json(third.frozen).first_number == 9


def test_what_was_chosen_before_this_was_kept_stands_at_its_defaults(
    session: Session, settings: Settings, campaign: Campaign
) -> None:
    bundle = freeze(session, campaign, settings)
    old = {
        name: value
        for name, value in bundle.frozen.items()
        if name not in {"duplex", "order", "volumes", "volume_letters", "first_number"}
    }
    frozen = Frozen.from_json(old)
    assert (frozen.duplex, frozen.order, frozen.first_number) == (False, "confirmed", 1)


@pytest.mark.both_engines
def test_a_letter_that_does_not_open_stands_last_and_is_set_aside(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    damaged = session.scalars(select(Signature.id).order_by(Signature.id)).first()
    session.connection().exec_driver_sql(
        f"UPDATE signature SET region = own_words WHERE id = {damaged}"
    )
    bundle = freeze(session, campaign, settings, BundleChoice(order=LetterOrder.REGION))
    session.commit()
    assert print_bundle(bundle.id) is BundleState.READY
    aside = session.execute(
        select(Letter.sequence, Letter.set_aside).where(Letter.set_aside.is_not(None))
    ).all()
    assert [tuple(row) for row in aside] == [(6, "unreadable")]
    assert verify_copy(zip_of(app, bundle.id, tmp_path)).ok


def test_both_sides_other_paper_and_numbers_that_go_on_verify(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    freeze(session, campaign, settings, BundleChoice(locales=frozenset({"en"})))
    choice = BundleChoice(
        duplex=True, layout="fr", goes_on=True, order=LetterOrder.NAME, volume_letters=3
    )
    bundle_id = freeze(session, campaign, settings, choice).id
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    result = verify_copy(path)
    assert result.findings == []
    assert (result.letters, result.volumes, result.pages) == (4, 2, 8)
    manifest = json.loads(contents(path)["manifest.json"])
    facts = {name: manifest["bundle"][name] for name in ("first_number", "duplex", "paper")}
    assert facts == {"first_number": 3, "duplex": True, "paper": "a4"}
    assert [row["number"] for row in manifest["letters"]] == ["00003", "00004", "00005", "00006"]
    assert [row["first_page"] for row in manifest["letters"]] == [1, 3, 5, 1]
    assert reload(session, bundle_id).page_count == 8


def test_a_campaign_s_letters_can_be_printed_as_cards(
    app: Flask, session: Session, settings: Settings, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 5, own_words="", points=[])
    session.commit()
    bundle_id = freeze(session, campaign, settings, BundleChoice(format="card", duplex=True)).id
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert result.findings == []
    facts: dict[str, Any] = reload(session, bundle_id).frozen
    assert (facts["format"], facts["duplex"]) == ("card", False), "a card has no back"
    assert result.pages == 2
