"""The desk's pages on bundles."""

import hashlib
import html
import io
import json
import re
import zipfile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.signature import Letter
from campaign.models.taken_out import LetterOut, TakenOut
from campaign.web.pagination import PAGE_SIZE
from tests.factories import add_confirmed, make_campaign, make_target_official, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload

UNPRINTABLE = "\U000e0fff"


@pytest.fixture
def waiting(session: Session) -> Campaign:
    """A campaign of which three letters wait."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    return campaign


def choice(campaign: Campaign) -> dict[str, str]:
    mission = campaign.targets[0].mission
    assert mission is not None
    return {"campaign": campaign.slug, "mission": mission.slug, "locale": "en"}


def test_staff_see_what_waits(app: Flask, client: FlaskClient, waiting: Campaign) -> None:
    sign_in(client, app, "staff")
    page = client.get("/desk/bundles/").text
    assert "Waiting to be printed" in page
    assert waiting.reference in page
    new = client.get("/desk/bundles/new", query_string=choice(waiting)).text
    assert "Freeze and print" in new
    assert "Governor of Altamar" in new


@pytest.mark.parametrize("path", ["", "new?campaign=ua-1-26&mission=embassy-1", "x", "x/progress"])
def test_organizers_and_strangers_are_kept_out(
    app: Flask, client: FlaskClient, waiting: Campaign, path: str
) -> None:
    assert client.get(f"/desk/bundles/{path}").status_code in {302, 303}
    sign_in(client, app, "organizer")
    assert client.get(f"/desk/bundles/{path}").status_code == 404


@pytest.mark.both_engines
def test_freezing_leads_to_the_bundle_and_sends_for_the_press(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign
) -> None:
    sign_in(client, app, "staff")
    before = jobs.queue().waiting()
    response = post(client, "/desk/bundles/new", choice(waiting))
    assert response.status_code == 303
    bundle = session.scalars(select(Bundle)).one()
    assert response.location.endswith(f"/desk/bundles/{bundle.public_id}")
    assert jobs.queue().waiting() == before + 1
    page = client.get(response.location)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "Printed 0 of 3 letters." in page.text
    fragment = client.get(f"{response.location}/progress")
    assert 'hx-trigger="every 2s"' in fragment.text
    assert "<html" not in fragment.text


def test_a_get_freezes_nothing(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign
) -> None:
    sign_in(client, app, "staff")
    client.get("/desk/bundles/new", query_string=choice(waiting))
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0


def test_without_a_token_nothing_is_frozen(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign
) -> None:
    sign_in(client, app, "staff")
    assert client.post("/desk/bundles/new", data=choice(waiting)).status_code == 400
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0


def test_with_nothing_waiting_the_page_says_so(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, "staff")
    response = post(client, "/desk/bundles/new", choice(campaign))
    assert response.status_code == 409
    assert "Nothing is waiting" in response.text
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0


def test_a_language_that_the_site_does_not_have_is_refused(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign
) -> None:
    sign_in(client, app, "staff")
    response = post(client, "/desk/bundles/new", {**choice(waiting), "locale": "xx"})
    assert response.status_code == 422
    assert session.scalar(select(func.count()).select_from(Bundle)) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "nowhere"),
        ("get", "nowhere/progress"),
        ("post", "nowhere/download"),
        ("get", "new?campaign=no&mission=no"),
        ("get", "new"),
    ],
)
def test_what_is_not_there_is_not_found(
    app: Flask, client: FlaskClient, session: Session, method: str, path: str
) -> None:
    sign_in(client, app, "staff")
    url = f"/desk/bundles/{path}"
    response = post(client, url) if method == "post" else client.get(url)
    assert response.status_code == 404


def test_a_download_streams_the_zip_and_leaves_an_audit_line(
    app: Flask,
    client: FlaskClient,
    session: Session,
    waiting: Campaign,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    bundle_id = freeze(waiting.id)
    print_bundle(bundle_id)
    user = sign_in(client, app, "staff")
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    page = client.get(url).text
    assert "Download the bundle" in page
    assert "letters-001.pdf" in page
    recorded = re.search(r'data-copy="([^"]*)"', page)
    assert recorded is not None
    assert "campaign verify UA-1-26_embassy-1_001.zip" in page
    assert client.get(f"{url}/progress").headers["HX-Refresh"] == "true"
    assert client.get(f"{url}/download").status_code == 405
    response = post(client, f"{url}/download")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].endswith('"UA-1-26_embassy-1_001.zip"')
    assert int(response.headers["Content-Length"]) == len(response.data)
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        held = {
            member.filename.partition("/")[2]: hashlib.sha256(archive.read(member)).hexdigest()
            for member in archive.infolist()
        }
    shown = json.loads(html.unescape(recorded[1]))
    assert {name: digest for name, _bytes, digest in shown} == held
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.actor, entry.action) == (f"staff:{user.id}", "bundle.download")


def test_what_is_not_ready_or_stopped_is_not_handed_out(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign, freeze: Freeze
) -> None:
    bundle_id = freeze(waiting.id)
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}/download"
    session.rollback()
    sign_in(client, app, "staff")
    response = post(client, url)
    assert (response.status_code, "not ready yet" in response.text) == (409, True)
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    response = post(client, url)
    assert (response.status_code, "has been stopped" in response.text) == (409, True)


def test_a_letter_set_aside_is_shown_with_its_number_and_reason(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1, own_words=UNPRINTABLE, family_name="Hushhush")
    session.commit()
    bundle_id = freeze(campaign.id)
    print_bundle(bundle_id)
    public_id = reload(session, bundle_id).public_id
    session.rollback()
    sign_in(client, app, "admin")
    page = client.get(f"/desk/bundles/{public_id}").text
    assert "1 letter is not printable" in page
    assert "U+E0FFF" in page
    assert "Nothing could be printed" in page
    assert "Hushhush" not in page


@pytest.mark.both_engines
def test_older_bundles_are_on_the_pages_that_follow(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign, freeze: Freeze
) -> None:
    first = reload(session, freeze(waiting.id))
    facts = {name: getattr(first, name) for name in ("campaign_id", "mission_id", "kind", "frozen")}
    session.add_all(Bundle(**facts, sequence=at, letter_count=1) for at in range(2, PAGE_SIZE + 4))
    session.commit()
    sign_in(client, app, "staff")
    last = PAGE_SIZE + 3

    def shown(query: str) -> list[int]:
        page = client.get(f"/desk/bundles/{query}").text
        assert "Page" in page
        return [int(number) for number in re.findall(r"UA 1/26 · (\d{3})</a></th>", page)]

    newest = client.get("/desk/bundles/").text
    assert 'rel="next" href="/desk/bundles/?page=2#made"' in newest
    assert 'rel="prev"' not in newest
    # On a phone rows stand below each other.
    assert newest.count('data-label="Status"') == PAGE_SIZE
    assert shown("") == list(range(last, 3, -1))
    assert shown("?page=2") == shown("?page=99") == [3, 2, 1]
    assert shown("?page=x") == shown("?page=-1") == shown("")


def test_a_volume_says_how_many_letters_it_printed(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1, own_words=UNPRINTABLE)
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign.id)
    print_bundle(bundle_id)
    public_id = reload(session, bundle_id).public_id
    session.rollback()
    sign_in(client, app, "admin")
    page = client.get(f"/desk/bundles/{public_id}").text
    assert "1 letter is not printable" in page
    assert "Volume 1: printed, 1 letter" in page
    assert "printed, 2 letters" not in page


def test_a_letter_that_was_taken_out_stands_once_and_nobody_is_to_mend_it(
    app: Flask, client: FlaskClient, session: Session, waiting: Campaign, freeze: Freeze
) -> None:
    bundle = reload(session, freeze(waiting.id))
    bundle.state, bundle.ready_at = BundleState.READY, db.utcnow()
    out = LetterOut(number="00002", volume=1, page=2, reason="withdrawn", on="2026-01-01")
    bundle.taken_out = TakenOut([out])
    session.execute(update(Letter).where(Letter.sequence > 1).values(set_aside="withdrawn"))
    session.commit()
    sign_in(client, app, "staff")
    url = f"/desk/bundles/{bundle.public_id}"
    page = client.get(url).text
    assert page.count("00002") == 1
    assert "1 letter was removed" in page
    assert "We remade its volume without it. Destroy the lists" in page
    assert "1 letter is not printable" in page
    assert "Release for the next bundle" not in page
    session.execute(update(Letter).where(Letter.sequence == 3).values(set_aside="card-too-long"))
    session.commit()
    assert "Release for the next bundle" in client.get(url).text
    session.execute(update(Letter).where(Letter.sequence == 3).values(set_aside=None))
    session.commit()
    assert "not printable" not in client.get(url).text
    bundle.state = BundleState.PRINTING
    session.commit()
    assert "We are remaking its volume without it." in client.get(url).text


def test_the_page_and_the_readme_name_who_receives_a_copy(
    app: Flask,
    client: FlaskClient,
    session: Session,
    waiting: Campaign,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    judge = make_target_official(9, name="Jane Doe", office={"en": "Chief Justice"})
    waiting.targets.append(Target(kind=TargetKind.COPY, official=judge, position=1))
    session.commit()
    bundle_id = freeze(waiting.id)
    session.rollback()
    bundle = session.get_one(Bundle, bundle_id)
    sentence = "Send a copy by post or email to: Jane Doe, Chief Justice"
    url = f"/desk/bundles/{bundle.public_id}"
    sign_in(client, app, "staff")
    assert sentence not in client.get(url).text, "there is nothing to send yet"
    session.rollback()
    print_bundle(bundle_id)
    assert sentence in client.get(url).text
    session.rollback()
    zip_file = io.BytesIO(post(client, f"{url}/download").data)
    with zipfile.ZipFile(zip_file) as archive:
        readme = next(name for name in archive.namelist() if name.endswith("README.html"))
        assert sentence in archive.read(readme).decode()
    waiting.status = CampaignStatus.STOPPED
    session.commit()
    assert sentence not in client.get(url).text
