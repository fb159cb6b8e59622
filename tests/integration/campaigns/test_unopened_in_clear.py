"""What a campaign says lies in no copy of the database in clear: it may not be open yet."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.campaigns.desk.views import ListState, list_for_desk
from campaign.core.db import Base
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role
from tests.factories import make_campaign, make_staff_user

BEFORE = "0051"
_WORDS = "Amara"


def _write(session: Session, **facts: Any) -> Campaign:
    """A draft each of whose texts names her."""
    campaign = make_campaign(
        session,
        status=CampaignStatus.DRAFT,
        review_note=f"Who told {_WORDS}?",
        picture_alt={"en": f"{_WORDS} at her door"},
        **facts,
    )
    for edition in campaign.editions:
        for name in ("title", "summary", "background", "outcome", "person_name"):
            setattr(edition, name, f"{_WORDS}, {name}")
        edition.asks = [f"Protect {_WORDS}."]
    for template in campaign.templates:
        template.subject = template.opening = template.closing = f"For {_WORDS}"
        for point in template.points:
            point.text = f"Find who threatens {_WORDS}."
    session.flush()
    return campaign


def _dump(session: Session) -> str:
    """All rows of all tables, as they lie there."""
    rows = [
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for table in Base.metadata.tables
        for row in session.execute(text(f'SELECT * FROM "{table}"'))
    ]
    return repr(rows)


def test_no_text_of_a_draft_lies_there_in_clear(session: Session) -> None:
    campaign = _write(session)
    lying = _dump(session)
    assert campaign.reference in lying
    assert _WORDS not in lying


@pytest.mark.both_engines
def test_the_list_in_the_workspace_is_in_the_order_of_names(session: Session) -> None:
    for name in ("béa", "Zoé", "Adil", "Carla"):
        make_campaign(session, person_name=name)
    admin = make_staff_user(session, role=Role.ADMIN)
    for descending, names in ((False, ["Adil", "béa"]), (True, ["Zoé", "Carla"])):
        state = ListState(sort="person", descending=descending)
        rows, total = list_for_desk(session, state, by=admin, per_page=2)
        assert [row.campaign.person_name for row in rows] == names
        assert total == 4


@pytest.mark.both_engines
def test_texts_are_sealed_on_the_way_up_and_opened_on_the_way_down(
    app: Flask, session: Session
) -> None:
    campaign_id = _write(session).id
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM edition ORDER BY id")).first()
        points = connection.execute(text("SELECT text FROM talking_point")).scalars().all()
    assert row is not None
    assert (row.title, row.outcome) == (f"{_WORDS}, title", f"{_WORDS}, outcome")
    assert "Protect Amara." in str(row.asks)
    assert set(points) == {f"Find who threatens {_WORDS}."}
    migrations.upgrade(engine)
    campaign = session.get_one(Campaign, campaign_id)
    assert campaign.picture_alt == {"en": f"{_WORDS} at her door"}
    assert campaign.editions[0].asks == [f"Protect {_WORDS}."]
    assert campaign.templates[0].opening == f"For {_WORDS}"
    assert campaign.review_note == f"Who told {_WORDS}?"
    assert _WORDS not in _dump(session)
