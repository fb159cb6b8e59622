"""A row that is deleted while a request works on it: it is not found, and the log says so."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from campaign.core import db
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.web.edit_conflict import lock_row
from tests.factories import make_campaign


@pytest.mark.parametrize(
    ("address", "kind"), [("/en/", "text/html"), ("/api/actions", "application/problem+json")]
)
def test_it_is_said_as_each_part_says_it_and_leaves_a_line_in_the_log(
    app: Flask,
    client: FlaskClient,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    kind: str,
) -> None:
    campaign = make_campaign(session)
    session.commit()
    campaign_id = campaign.id

    def read_what_is_gone(**_values: object) -> str:
        row = db.session().get_one(Campaign, campaign_id)
        db.session().rollback()
        with db.transaction() as other:
            db.delete_rows(other, Campaign, Campaign.id == campaign_id)
        return row.slug

    (endpoint, _values) = app.url_map.bind("localhost").match(address)
    monkeypatch.setitem(app.view_functions, endpoint, read_what_is_gone)
    with capture_logs() as lines:
        answer = client.get(address)
    assert answer.status_code == 404
    assert answer.mimetype == kind
    (line,) = [line for line in lines if line["event"] == "row gone"]
    assert line["endpoint"] == endpoint
    assert "place" in line


@pytest.mark.both_engines
def test_only_a_row_that_is_gone_is_not_found_when_it_is_locked(session: Session) -> None:
    campaign = make_campaign(session)
    session.commit()
    session.expunge(campaign)
    with pytest.raises(InvalidRequestError):
        lock_row(session, campaign)
    with pytest.raises(InvalidRequestError):
        lock_row(session, Campaign())
    campaign = session.merge(campaign)
    db.delete_rows(session, Campaign, Campaign.id == campaign.id)
    with pytest.raises(NotFound):
        lock_row(session, campaign)
