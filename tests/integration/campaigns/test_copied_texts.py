"""A copy or a follow-up that still says what the campaign it was made from says."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns import copied_texts
from campaign.campaigns.create_and_edit import clone_campaign, continue_campaign
from campaign.models.campaign import Campaign, CampaignStatus
from tests.days import days_ago

COPIED = "The page text in English is still that of the copied campaign."
NAMED = "names the person of the copied campaign: Amara Okafor."
REPEATED = "The page text in English is still that of the earlier action. It says nothing new."


@pytest.fixture
def copy(session: Session, draft: Campaign) -> Campaign:
    """A copy about someone else whose texts nobody has touched."""
    draft.picture = "pictures/amara.jpg"
    copy = clone_campaign(session, draft, actor="a", created_by_id=None, reference="UA 7/26")
    copy.person_name = "Hana Okello"
    for edition in copy.editions:
        edition.person_name = ""
        edition.background = "Okafor was arrested at home."
    session.commit()
    return copy


def slugs(session: Session, campaign: Campaign) -> set[tuple[str, str, str]]:
    gaps = copied_texts.list_gaps(session, campaign)
    assert not any(gap.blocking for gap in gaps)
    return {(gap.slug, gap.part, gap.locale) for gap in gaps}


@pytest.mark.both_engines
def test_a_copy_says_where_it_is_still_about_the_other_person(
    other: FlaskClient, session: Session, copy: Campaign
) -> None:
    page = other.get(f"/desk/campaigns/{copy.slug}").text
    todo = page.partition("Still to do")[2]
    for words in (COPIED, NAMED, "The picture is still that of the copied campaign."):
        assert words in todo, words
    session.rollback()
    copy.issued_on, copy.act_by = days_ago(0), days_ago(-30)
    session.commit()
    assert "is complete" not in other.get("/desk/today").text
    session.rollback()
    for edition in copy.editions:
        edition.title, edition.summary, edition.background = "Free Hana", "Hana Okello.", ""
        edition.asks = ["Free her."]
    copy.picture = ""
    session.commit()
    assert slugs(session, copy) == set()
    session.rollback()
    assert "is complete" in other.get("/desk/today").text
    session.rollback()
    copy.templates[0].opening = "Okafor has done nothing."
    session.commit()
    letter = copy.templates[0]
    assert slugs(session, copy) == {("other-person", "letter", letter.locale)}
    copy.status = CampaignStatus.OPEN
    assert slugs(session, copy) == set()


@pytest.mark.parametrize(
    ("name", "text", "finds"),
    [
        ("Hana Okello", "AMARA OKAFOR is in prison.", True),
        ("Hana Okello", "Amara is in prison.", True),
        ("Hana Okafor", "Okafor is in prison.", False),
        ("Amara Okafor", "Amara Okafor is in prison.", False),
        ("Hana Okello", "Amaranth is a plant.", False),
    ],
)
def test_a_name_is_found_by_what_only_the_other_person_has(
    session: Session, copy: Campaign, name: str, text: str, finds: bool
) -> None:
    copy.person_name = name
    for edition in copy.editions:
        edition.title, edition.summary, edition.background = "Free her", "Short.", text
        edition.asks = []
    named = {slug for slug, _part, _locale in slugs(session, copy)}
    assert ("other-person" in named) == finds


@pytest.mark.both_engines
def test_a_follow_up_says_that_its_text_has_nothing_new(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    later = continue_campaign(session, draft, actor="a", created_by_id=None, reference="UA 8/26")
    session.commit()
    assert REPEATED in desk.get(f"/desk/campaigns/{later.slug}").text.partition("Still to do")[2]
    session.rollback()
    for edition in later.editions:
        edition.background = "She was moved."
    session.commit()
    assert slugs(session, later) == set()
