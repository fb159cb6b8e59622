"""What the page Sharing says of the papers of a campaign."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign
from tests.integration.campaigns.conftest import DESK


def test_reach_names_the_sheets_on_which_the_requests_are_small(
    desk: FlaskClient, draft: Campaign, session: Session
) -> None:
    assert "small type" not in desk.get(f"{DESK}/reach").text
    english = next(one for one in draft.editions if one.locale == "en")
    english.asks = ["Restore at once what was agreed, and then see that it lasts. " * 4] * 8
    session.commit()
    page = " ".join(desk.get(f"{DESK}/reach").text.split())
    assert "English: The title and requests are long." in page
    assert "français: The title" not in page
