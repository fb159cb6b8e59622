"""The signed sheets travel with one bundle, and its cover letter says so."""

from sqlalchemy.orm import Session

from campaign.bundles import freezing
from campaign.bundles.covers import Covered, cover_context
from campaign.bundles.frozen import Frozen
from campaign.bundles.sheets import waiting_on_paper
from campaign.paper import keying
from campaign.settings import Settings
from tests.factories import add_confirmed
from tests.integration.paper.test_sheets import ANA, make_sheet


def test_sheets_travel_once(unit: Session, settings: Settings) -> None:
    sheet = make_sheet(unit)
    campaign = sheet.campaign
    add_confirmed(unit, campaign, 2)
    keying.add_row(unit, sheet, ANA, actor="a")
    mission = campaign.targets[0].mission
    assert mission is not None
    assert waiting_on_paper(unit, campaign) == 1
    bundle = freezing.freeze(
        unit, campaign=campaign, mission=mission, settings=settings, locale="en", actor="a",
        on_paper=waiting_on_paper(unit, campaign),
    )  # fmt: skip
    assert bundle.letter_count == 2
    assert waiting_on_paper(unit, campaign) == 0
    frozen = Frozen.from_json(bundle.frozen)
    assert frozen.on_paper == 1
    cover = cover_context(frozen, None, Covered({campaign.targets[0].id: 2}, on_paper=1))
    assert any("1 person signed by hand" in one for one in cover.paragraphs)
