"""What organizers see as supporters would: pages, letters, mails."""

from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.mail.messages import kinds
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role
from campaign.signing.form.preview_samples import KINDS, SAMPLES
from tests.factories import sign_in
from tests.integration.campaigns.conftest import DESK
from tests.integration.tracking.test_mails import assert_apart

ROOT = Path(__file__).parents[3]
_OF_NO_CAMPAIGN = {
    "export-asked", "export-decided", "export-failed", "export-ready", "my-letters", "no-letters",
    "letters-erased", "network-confirm", "network-already", "files-asked", "files-decided",
    "webhook-disabled",
}  # fmt: skip


@pytest.mark.both_engines
def test_every_mail_about_a_campaign_can_be_seen_in_every_language(desk: FlaskClient) -> None:
    # Other tests of the same process may have messages of their own; the product's have a template.
    ours = {name for name in kinds if (ROOT / f"templates/mail/{name}.txt").exists()}
    about_cases = {name for name in ours if not name.startswith("staff-")} - _OF_NO_CAMPAIGN
    assert about_cases
    assert about_cases <= set(KINDS)
    for kind in KINDS:
        for lang in ("en", "fr", "es", "ar"):
            page = desk.get(f"{DESK}/preview/{lang}/mails/{kind}")
            assert page.status_code == 200
            assert "Amara Okafor" in page.text
            plain = page.text.partition('<pre class="mail-text">')[2].partition("</pre>")[0]
            assert_apart(unescape(plain), kind)
    assert desk.get(f"{DESK}/preview/en/mails/nothing").status_code == 404


def test_a_draft_asks_as_it_will_once_it_is_open(desk: FlaskClient) -> None:
    page = desk.get(f"{DESK}/preview/en").text
    assert "What we ask<" in page
    assert "What we asked" not in page


def test_a_mail_in_html_may_load_its_own_style_and_nothing_else(desk: FlaskClient) -> None:
    page = desk.get(f"{DESK}/preview/fr/mails/confirm-letter/html")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert 'lang="fr"' in page.text


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_letter_of_every_sample_fits_and_is_marked(desk: FlaskClient, sample: str) -> None:
    page = desk.get(f"{DESK}/preview/fr/letter?letter=fr&sample={sample}").text
    assert "Spécimen" in page
    wanted = {"rtl": "عبد الرحمن", "longest": "Wilhelmina", "scripts": "Żółkiewska"}
    assert wanted.get(sample, "Beauchamp") in page


def test_the_hardest_letter_prints(desk: FlaskClient) -> None:
    answer = desk.get(f"{DESK}/preview/en/letter.pdf?letter=en&sample=words")
    assert answer.mimetype == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]


def test_everything_is_listed_and_nobody_else_sees_it(
    app: Flask, client: FlaskClient, desk: FlaskClient, draft: Any
) -> None:
    page = desk.get(f"{DESK}/preview?sample=rtl").text
    assert "sample=rtl" in page
    assert "preview/ar/mails/case-stopped" in page
    assert desk.get(f"{DESK}/preview/xx").status_code == 404
    with app.test_client() as stranger:
        assert stranger.get(f"{DESK}/preview").status_code == 302
        sign_in(stranger, app, Role.STAFF)
        assert stranger.get(f"{DESK}/preview").status_code == 404


def test_a_letter_that_is_written_waits_for_its_target_and_the_preview_says_so(
    desk: FlaskClient, session: Session, fresh: Callable[[], Campaign]
) -> None:
    for target in list(fresh().targets):
        session.delete(target)
    session.commit()
    page = desk.get(f"{DESK}/preview").text
    assert page.count("The letter is written. Choose its recipients to see it.") == 3
    assert f'href="{DESK}/targets"' in page
    assert "No letter yet" not in page
    assert page.count("No letters in this language") == 1


@pytest.mark.parametrize(
    ("status", "times"),
    [(CampaignStatus.OPEN, 1), (CampaignStatus.CLOSED, 0), (CampaignStatus.STOPPED, 0)],
)
def test_the_desk_names_a_last_day_to_write_while_letters_are_taken(
    desk: FlaskClient,
    session: Session,
    fresh: Callable[[], Campaign],
    status: CampaignStatus,
    times: int,
) -> None:
    campaign = fresh()
    campaign.status, campaign.opened_at = status, db.utcnow()
    session.commit()
    assert desk.get(DESK).text.count("Write by") == times
