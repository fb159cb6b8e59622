"""What the tests of screening share: a campaign, letters that were confirmed, the desk."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.screening import Hold
from campaign.models.signature import Signature
from campaign.models.staff import Role
from campaign.public.page_cache import PageCache
from campaign.signing.checks.origin import make_trace, marks_of
from campaign.signing.checks.screening_rules import ScreeningRules
from tests.factories import make_campaign, sign_in
from tests.integration.signing.conftest import FORM


@pytest.fixture(autouse=True)
def _pages_are_always_fresh(app: Flask) -> None:
    app.extensions["page_cache"] = PageCache(recheck_seconds=0)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    open_campaign = make_campaign(session)
    session.commit()
    return open_campaign


@pytest.fixture
def staff(app: Flask, client: FlaskClient, campaign: Campaign) -> FlaskClient:
    """A browser with a signed-in member of the staff."""
    browser = app.test_client()
    sign_in(browser, app, Role.STAFF, name="Odile Marchand")
    return browser


Write = Callable[..., str]


@pytest.fixture
def write(app: Flask, campaign: Campaign) -> Write:
    """Signs and confirms a letter as a supporter does; gives its link."""
    numbers = iter(range(1, 1000))

    def act(own_words: str = "", *, confirm: bool = True, agent: str = "", **fields: Any) -> str:
        browser = app.test_client()
        form = {
            **FORM,
            "email": f"writer-{next(numbers)}@example.org",
            "own_words": own_words,
            **fields,
        }
        headers = {"User-Agent": agent} if agent else {}
        place = f"/en/actions/{campaign.slug}/sign"
        response = browser.post(place, data=form, headers=headers)
        assert response.status_code == 303, response.text
        with app.app_context(), db.reading() as session:
            mail = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
            assert mail is not None
            link = link_in(mail)
        if confirm:
            assert browser.post(link).status_code == 303
        return link

    return act


def link_in(mail: OutboxMail) -> str:
    return str(json.loads(mail.context or "{}")["link"]).removeprefix("http://127.0.0.1:5000")


def read_seen(page: str) -> list[str]:
    """What the forms of the queue say was seen: of one letter, and of all."""
    return re.findall(r'name="seen" value="([^"]+)"', page)


def read_flags_seen(page: str) -> dict[str, str]:
    """Return what the page posts of the risk flags that it shows."""
    return dict(re.findall(r'name="(flags_seen)" value="(\d+)"', page))


def version_of_hold(signature: Signature) -> str:
    """What the form of this letter says was seen."""
    session = object_session(signature)
    assert session is not None
    version = session.get_one(Hold, signature.id, populate_existing=True).version
    session.rollback()
    return version


def newest_mail(session: Session) -> OutboxMail:
    session.rollback()
    mail = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert mail is not None
    return mail


def set_rules(session: Session, campaign: Campaign, **rules: Any) -> None:
    session.rollback()
    session.refresh(campaign)
    campaign.screening = ScreeningRules(**rules).stored
    campaign.changed_at = db.utcnow()
    session.commit()


def the_signature(session: Session) -> Signature:
    session.rollback()
    signature = session.scalars(select(Signature).order_by(Signature.id.desc())).first()
    assert signature is not None
    session.refresh(signature)
    return signature


def traced(email: str, address: str, agent: str) -> dict[str, Any]:
    """The columns of a signature that came from there."""
    trace = make_trace(address, agent)
    return {"trace": trace.text, **marks_of(db.database().keyring, trace, email)}


def count_shown(app: Flask, campaign: Campaign) -> int:
    """The public number, once the job that counts has run."""
    with app.app_context():
        jobs.run_now("campaigns.count")
        with db.reading() as session:
            return public_counts.count_of(session, session.get_one(Campaign, campaign.id))
