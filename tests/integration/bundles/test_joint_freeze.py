"""Bundles of several campaigns that travel to one mission together."""

import io

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.bundles.freeze import freeze_bundle
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.freeze_bundle import JourneyPart
from campaign.core.audit import AuditEntry
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import Settings
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import Bundle, Journey
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Origin, Signature
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.bundles.conftest import Print, reload


@pytest.fixture
def campaigns(session: Session) -> list[Campaign]:
    """Two campaigns for one mission, with two and three letters that wait."""
    both = [make_campaign(session), make_campaign(session)]
    both[1].targets[0].mission = both[0].targets[0].mission
    session.flush()
    add_confirmed(session, both[0], 2)
    add_confirmed(session, both[1], 3)
    session.commit()
    return both


def freeze(session: Session, parts: list[JourneyPart], settings: Settings) -> list[Bundle]:
    mission = parts[0].campaign.targets[0].mission
    assert mission is not None
    return freeze_bundle.freeze_parts(
        session, parts, mission=mission, settings=settings, locale="en", actor="test"
    )


@pytest.mark.both_engines
def test_several_campaigns_are_frozen_in_one_go_each_in_a_bundle_of_its_own(
    session: Session, settings: Settings, campaigns: list[Campaign]
) -> None:
    cards = JourneyPart(campaigns[1], BundleChoice(format="card"))
    bundles = freeze(session, [cards, JourneyPart(campaigns[0])], settings)
    assert [(bundle.campaign_id, bundle.letter_count) for bundle in bundles] == [
        (campaigns[0].id, 2),
        (campaigns[1].id, 3),
    ]
    assert [bundle.frozen["format"] for bundle in bundles] == ["letter", "card"]
    journey = session.scalars(select(Journey)).one()
    assert [bundle.id for bundle in journey.bundles] == [bundle.id for bundle in bundles]
    assert freeze_bundle.list_companions(session, bundles[0]) == [bundles[1]]
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["bundle.freeze", "bundle.freeze", "bundle.freeze-together"]


def test_one_campaign_alone_makes_no_journey(
    session: Session, settings: Settings, campaigns: list[Campaign]
) -> None:
    bundles = freeze(session, [JourneyPart(campaigns[0])], settings)
    assert bundles[0].journey is None
    assert freeze_bundle.list_companions(session, bundles[0]) == ()
    assert session.scalar(select(func.count()).select_from(Journey)) == 0


@pytest.mark.parametrize("status", [CampaignStatus.STOPPED, CampaignStatus.DRAFT])
def test_where_one_is_refused_none_is_frozen(
    session: Session, settings: Settings, campaigns: list[Campaign], status: CampaignStatus
) -> None:
    campaigns[1].status = status
    session.commit()
    with pytest.raises(Refused) as refused:
        freeze(session, [JourneyPart(campaign) for campaign in campaigns], settings)
    assert refused.value.data["campaign"] == campaigns[1].slug
    session.commit()
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0
    assert session.scalar(select(func.count()).select_from(Journey)) == 0
    taken = select(func.count()).select_from(Letter).where(Letter.bundle_id.is_not(None))
    assert session.scalar(taken) == 0


def test_nothing_chosen_is_refused(
    session: Session, settings: Settings, campaigns: list[Campaign]
) -> None:
    mission = campaigns[0].targets[0].mission
    assert mission is not None
    with pytest.raises(Refused, match="nothing-chosen"):
        freeze_bundle.freeze_parts(
            session, [], mission=mission, settings=settings, locale="en", actor="test"
        )


def test_the_page_of_a_journey_shows_how_far_each_bundle_is(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    campaigns: list[Campaign],
    print_bundle: Print,
) -> None:
    bundles = freeze(session, [JourneyPart(campaign) for campaign in campaigns], settings)
    public_id = bundles[0].journey.public_id if bundles[0].journey else ""
    session.commit()
    sign_in(client, app, "staff")
    page = client.get(f"/desk/bundles/journeys/{public_id}").text
    assert "Printed 0 of 2 letters." in page
    assert "Bundles prepared together" in page, "nothing is delivered"
    assert 'hx-trigger="every 2s"' in page
    assert "delivery-sheet.pdf" not in page
    for frozen in bundles:
        print_bundle(frozen.id)
    page = client.get(f"/desk/bundles/journeys/{public_id}").text
    assert page.count("is-good") == 2
    assert "hx-trigger" not in page
    sheet = client.get(f"/desk/bundles/journeys/{public_id}/delivery-sheet.pdf")
    assert sheet.mimetype == "application/pdf"
    (leaf,) = pypdfium2.PdfDocument(io.BytesIO(sheet.data))
    text = " ".join(leaf.get_textpage().get_text_range().split())
    for campaign, letters in zip(campaigns, (2, 3), strict=True):
        assert f"{campaign.reference} · {campaign.person_name} {letters} " in text
    assert "5 " in text.partition("Together ")[2][:3], text
    assert "in part" not in text, "all are accepted, or all refused"
    for ident in [printed.id for printed in bundles]:
        bundle = reload(session, ident)
        code = group_code(prints.find_check_code(session, bundle))
        assert f"{file_names.zip_name(bundle)}: {code}" in text
        assert code in client.get(f"/desk/bundles/{bundle.public_id}").text
    # Nobody is recorded as delivered, and written to, whom nobody ticked.
    gate = client.get(f"/desk/bundles/{bundles[0].public_id}/deliver").text
    assert f'name="with_{bundles[1].id}"' in gate
    assert " checked" not in gate
    first = Campaign.id == campaigns[0].id
    session.execute(update(Campaign).where(first).values(status=CampaignStatus.STOPPED))
    session.commit()
    answer = client.get(f"/desk/bundles/journeys/{public_id}/delivery-sheet.pdf")
    assert answer.status_code == 409
    page = client.get(f"/desk/bundles/journeys/{public_id}").text
    assert "delivery-sheet.pdf" not in page, "what would be refused is not offered"
    stopped, running = page.partition("Campaign stopped:")[2].split("of each of the other bundles")
    assert [bundles[0].public_id in stopped, bundles[1].public_id in stopped] == [True, False]
    assert [bundles[0].public_id in running, bundles[1].public_id in running] == [False, True]
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    page = client.get(f"/desk/bundles/journeys/{public_id}").text
    assert "of each of the other bundles" not in page
    page = client.get(f"/desk/bundles/journeys/{public_id}").text
    assert "is-good" not in page, "what is stopped is not ready"
    assert page.count("On hold: stopped") == 2
    shown = client.get(f"/desk/bundles/{bundles[0].public_id}").text
    assert "Prepared together with" in shown
    assert f"/desk/bundles/{bundles[1].public_id}" in shown
    assert client.get("/desk/bundles/journeys/nowhere").status_code == 404


def sheet_of(client: FlaskClient, journey: Journey) -> str:
    answer = client.get(f"/desk/bundles/journeys/{journey.public_id}/delivery-sheet.pdf")
    (leaf,) = pypdfium2.PdfDocument(io.BytesIO(answer.data))
    return " ".join(leaf.get_textpage().get_text_range().split())


def test_a_bundle_of_sheets_alone_is_told_of_by_its_people_and_never_by_a_zero(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    campaigns: list[Campaign],
    print_bundle: Print,
) -> None:
    for signature in session.scalars(
        select(Signature).where(Signature.campaign_id == campaigns[0].id)
    ):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    cards = JourneyPart(campaigns[1], BundleChoice(format="card"))
    frozen = freeze(session, [JourneyPart(campaigns[0], on_paper=1), cards], settings)
    journey = frozen[0].journey
    assert journey is not None
    session.commit()
    for bundle in frozen:
        print_bundle(bundle.id)
    sign_in(client, app, "staff")
    text = sheet_of(client, journey)
    case = f"{campaigns[0].reference} · {campaigns[0].person_name}"
    assert f"{case} · People who signed by hand, on sheets 2 " in text
    assert f"{campaigns[1].reference} · {campaigns[1].person_name} 3 " in text
    assert text.count("by hand, on sheets") == 1
    assert "Together" not in text, "there is nothing to add up"
    assert " 0 " not in text
    assert text.count("Delivery of cards") == 1
    page = client.get(f"/desk/bundles/journeys/{journey.public_id}").text
    assert "2 people on signed sheets" in page
    for address in (f"/desk/bundles/journeys/{journey.public_id}", "/desk/bundles/"):
        assert ">0<" not in client.get(address).text


@pytest.mark.both_engines
def test_letters_and_cards_are_both_in_the_title_of_their_sheet(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    campaigns: list[Campaign],
    print_bundle: Print,
) -> None:
    cards = JourneyPart(campaigns[1], BundleChoice(format="card"))
    frozen = freeze(session, [JourneyPart(campaigns[0]), cards], settings)
    journey = frozen[0].journey
    assert journey is not None
    session.commit()
    for bundle in frozen:
        print_bundle(bundle.id)
    sign_in(client, app, "staff")
    text = sheet_of(client, journey)
    assert "Delivery of letters and cards" in text
    assert "Check code UA-" in text


def test_a_journey_without_bundles_is_not_found(
    session: Session, campaigns: list[Campaign]
) -> None:
    mission = campaigns[0].targets[0].mission
    empty = Journey(mission=mission)
    session.add(empty)
    session.flush()
    with pytest.raises(NotFound):
        freeze_bundle.get_journey(session, empty.public_id)
