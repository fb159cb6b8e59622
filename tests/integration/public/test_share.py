"""How a case is passed on: what other sites show of it, paper, calendar, frames, pictures."""

import io
import re
from datetime import date
from xml.etree import ElementTree as ET

import extruct
import icalendar
import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from campaign.campaigns.record_change import record_change
from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import db
from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.signature import Signature
from campaign.models.staff import Role
from tests.factories import make_campaign, post, sign_in
from tests.integration.signing.conftest import FORM

HOST = "http://127.0.0.1:5000"


def test_other_sites_are_told_what_the_page_is(client: FlaskClient, case: str) -> None:
    french = case.replace("/en/", "/fr/")
    metadata = extruct.extract(
        client.get(french).text, base_url=HOST, syntaxes=["json-ld", "opengraph"], uniform=True
    )
    (data,) = metadata["json-ld"]
    assert (data["@type"], data["@context"]) == ("Article", "https://schema.org")
    assert data["inLanguage"] == "fr"
    assert data["url"] == f"{HOST}{french}"
    assert data["potentialAction"]["target"] == f"{HOST}{french}/write"
    (graph,) = metadata["opengraph"]
    assert graph["og:title"] == data["headline"]
    assert graph["og:url"] == data["url"]
    picture = client.get(graph["og:image"].removeprefix(HOST))
    assert picture.status_code == 200
    assert Image.open(io.BytesIO(picture.data)).size == (1200, 630)


def test_markup_in_a_text_does_not_end_the_data(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    title = '</script><script>alert("1")</script>'
    campaign.editions[0].title = title
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    page = client.get(case).text
    assert "<script>alert" not in page
    (data,) = extruct.extract(page, syntaxes=["json-ld"])["json-ld"]
    assert data["headline"] == title


def test_links_to_pass_it_on_are_plain(client: FlaskClient, case: str) -> None:
    page = client.get(case).text
    for start in (
        "https://wa.me/?text=",
        "mailto:?subject=",
        "https://x.com/intent/post?text=",
        "https://www.facebook.com/sharer/sharer.php?u=",
    ):
        assert f'href="{start}' in page
    assert f'value="{HOST}{case}" readonly' in page


def test_the_picture_is_made_once_and_kept(app: Flask, client: FlaskClient, case: str) -> None:
    first = client.get(f"{case}/share.png")
    assert first.mimetype == "image/png"
    assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    storage = app.extensions["storage"]
    (kept,) = storage.names("share")
    with storage.create(kept) as file:
        file.write(b"kept")
    assert client.get(f"{case}/share.png").data == b"kept"
    again = client.get(f"{case}/share.png", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["poster", "sheet"])
def test_paper_leads_back_to_the_case(client: FlaskClient, case: str, name: str) -> None:
    for paper in ("a4", "letter"):
        response = client.get(f"{case}/{name}.pdf?paper={paper}")
        assert response.mimetype == "application/pdf"
        document = pypdfium2.PdfDocument(response.data)
        assert len(document) == 1
        assert f"127.0.0.1:5000{case}" in document[0].get_textpage().get_text_bounded()
        document.close()
    assert client.get(f"{case}/{name}.pdf").status_code == 200
    assert client.get(f"{case}/{name}.pdf?paper=a3").status_code == 404


def test_who_writes_by_hand_has_the_address_the_requests_and_lines(
    client: FlaskClient, case: str
) -> None:
    for paper in ("a4", "letter"):
        document = pypdfium2.PdfDocument(client.get(f"{case}/by-hand.pdf?paper={paper}").data)
        notes, letter = (page.get_textpage().get_text_bounded() for page in document)
        assert "Ottawa" in notes
        assert f"127.0.0.1:5000{case}" in notes
        assert "Post your letter to: " in notes
        assert "Ottawa" in letter
        assert "Post your letter to" not in letter, "the official reads no notes"
        document.close()
    assert client.get(f"{case}/by-hand.pdf?paper=a3").status_code == 404
    assert "by-hand.pdf" in client.get(case).text


def test_the_calendar_holds_the_last_day(
    client: FlaskClient, campaign: Campaign, case: str
) -> None:
    response = client.get(f"{case}/deadline.ics")
    assert response.mimetype == "text/calendar"
    (event,) = icalendar.Calendar.from_ical(response.data).walk("VEVENT")
    assert event["DTSTART"].dt == campaign.act_by
    assert str(event["URL"]) == f"{HOST}{case}"
    uids = {
        str(
            icalendar.Calendar.from_ical(
                client.get(f"/{lang}/actions/{campaign.slug}/deadline.ics").data
            ).walk("VEVENT")[0]["UID"]
        )
        for lang in ("en", "fr")
    }
    assert uids == {f"{campaign.public_id}@127.0.0.1:5000"}


@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_nothing_calls_for_letters_after_the_end(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, end: object
) -> None:
    end(session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Safe."})  # type: ignore[operator]
    session.commit()
    for name in ("poster.pdf", "sheet.pdf", "by-hand.pdf", "deadline.ics"):
        assert client.get(f"{case}/{name}").status_code == 409
    assert client.get(f"{case}/share.png").status_code == 200
    assert "poster.pdf" not in client.get(case).text


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/share.png",
        "/poster.pdf",
        "/sheet.pdf",
        "/by-hand.pdf",
        "/deadline.ics",
        "/embed",
        "/badge.svg",
        "/outcome",
    ],
)
def test_a_draft_has_none_of_these(client: FlaskClient, session: Session, name: str) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, embed_hosts=["partner.example"])
    session.commit()
    assert client.get(f"/en/actions/{draft.slug}{name}").status_code == 404


# --- Frames on partners' pages ------------------------------------------------------------------


def test_only_the_chosen_hosts_may_show_the_frame(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    assert client.get(f"{case}/embed").status_code == 404
    campaign.embed_hosts = ["partner.example", "www.partner.example"]
    record_change(session, campaign, "command", "campaign.reach")
    session.commit()
    response = client.get(f"{case}/embed?from=partner.example")
    policy = response.headers["Content-Security-Policy"]
    ancestors = "frame-ancestors https://partner.example https://www.partner.example"
    assert policy.split("; ")[-1] == ancestors
    assert "script-src 'self'" in policy
    action = f'action="{case}/write?from=partner.example"'
    assert f'method="post" {action} target="_blank" rel="noopener"' in response.text
    assert "Set-Cookie" not in response.headers
    for path in (case, "/en/", f"{case}/write"):
        assert "frame-ancestors 'none'" in client.get(path).headers["Content-Security-Policy"]


def test_what_is_typed_in_the_frame_comes_along_with_where_it_came_from(
    client: FlaskClient, case: str
) -> None:
    page = client.post(f"{case}/write?from=partner.example", data={"own_words": "I teach."}).text
    assert "I teach.</textarea>" in page
    assert '<input type="hidden" name="source" value="partner.example">' in page
    boxes = re.findall('<input type="checkbox" name="points"[^>]*>', page)
    assert all("checked" in box for box in boxes), "as on a first visit, all points are taken"
    elsewhere = client.post(f"{case}/write", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_organizers_choose_the_hosts_and_get_what_partners_paste(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/campaigns/{campaign.slug}/reach"
    refused = post(client, address, {"hosts": "partner.example\n*"})
    assert refused.status_code == 422
    assert "Enter only the name of each site" in refused.text
    assert post(client, address, {"hosts": "https://Partner.example/x\n\n"}).status_code == 303
    session.refresh(campaign)
    assert campaign.embed_hosts == ["partner.example"]
    page = client.get(address).text
    assert f"/en/actions/{campaign.slug}/embed?from=partner.example" in page
    assert "/embed.js" in page
    assert f"/desk/campaigns/{campaign.slug}/figures" in page


def test_the_script_for_partners_is_small_and_knows_our_languages(client: FlaskClient) -> None:
    answer = client.get("/embed.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert 'const languages = "en fr es ar"' in answer.text
    assert len(answer.data) < 3000


def test_a_frame_in_a_sandbox_gets_what_the_page_loads(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    campaign.embed_hosts = ["partner.example", "www.partner.example"]
    session.commit()
    page = client.get(f"{case}/embed").text
    assert 'data-hosts="https://partner.example https://www.partner.example"' in page
    loaded = re.findall('(?:href|src)="([^"]+[.](?:css|js)[^"]*)"', page)
    assert len(loaded) == 3
    for address in loaded:
        headers = client.get(address, headers={"Accept-Encoding": "gzip"}).headers
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin", address
        assert headers["Access-Control-Allow-Origin"] == "*", address


def test_the_badge_shows_the_public_number_to_every_site(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    answer = client.get(f"{case}/badge.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"].startswith("public")
    drawing = ET.fromstring(answer.data)
    title, _box, words = drawing
    assert words.text == "No one has written yet"
    assert title.text == f"{campaign.editions[0].title}: {words.text}"
    arabic = ET.fromstring(client.get(case.replace("/en/", "/ar/") + "/badge.svg").data)
    assert arabic.get("direction") == "rtl"


# --- From where supporters come -----------------------------------------------------------------


def test_what_led_here_travels_to_the_signature(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    assert f'href="{case}/write?from=poster"' in client.get(f"{case}?from=Poster").text
    written = client.get(f"{case}/write?from=poster").text
    assert '<input type="hidden" name="source" value="poster">' in written
    for step in ("you", "check"):
        page = client.post(f"{case}/{step}", data={**FORM, "source": "poster"}).text
        assert '<input type="hidden" name="source" value="poster">' in page
    assert client.post(f"{case}/sign", data={**FORM, "source": "poster"}).status_code == 303
    assert session.scalars(select(Signature.source)).all() == ["poster"]


def test_what_led_here_stands_on_no_page_that_is_kept(
    app: Flask, client: FlaskClient, case: str
) -> None:
    client.get(f"{case}?from=partner.example")
    assert len(app.extensions["page_cache"]) == 1
    assert "partner.example" not in client.get(case).text
    odd = client.get(f"{case}?from=%22%3E%3Cscript%3E")
    assert odd.data == client.get(case).data


def test_a_mistyped_source_keeps_nobody_from_signing(
    client: FlaskClient, session: Session, case: str
) -> None:
    answer = client.post(f"{case}/sign", data={**FORM, "source": "<b>" + "x" * 90})
    assert answer.status_code == 303
    assert session.scalars(select(Signature.source)).all() == [""]


# --- Pictures -----------------------------------------------------------------------------------


def a_picture(size: tuple[int, int] = (40, 30), kind: str = "PNG") -> FileStorage:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.new("RGB", size, "#888").save(out, kind, exif=exif)
    out.seek(0)
    return FileStorage(out, filename="gate.png")


def post_with(client: FlaskClient, campaign: Campaign, **fields: object) -> object:
    data = {"kind": "reply", "happened_on": date(2026, 3, 1).isoformat(), "title_en": "At the gate"}
    return post(client, f"/desk/campaigns/{campaign.slug}/updates", data | fields)


def test_a_picture_of_a_post_is_made_anew_and_shown(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign, case: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    wanting = post_with(client, campaign, picture=a_picture())
    assert wanting.status_code == 422  # type: ignore[attr-defined]
    done = post_with(client, campaign, picture=a_picture((2000, 1000)), alt_en="Two people.")
    assert done.status_code == 303  # type: ignore[attr-defined]
    key = session.scalars(select(Update.picture)).one()
    name = key.removeprefix("pictures/")
    page = app.test_client().get(case).text
    assert (
        f'src="/pictures/{name}" alt="Two people." width="1600" height="800" loading="lazy"' in page
    )
    response = app.test_client().get(f"/pictures/{name}")
    assert response.mimetype == "image/jpeg"
    assert "public" in response.headers["Cache-Control"]
    assert b"SecretCamera" not in response.data
    assert Image.open(io.BytesIO(response.data)).size == (1600, 800)
    campaign.status = CampaignStatus.DRAFT
    session.commit()
    assert app.test_client().get(f"/pictures/{name}").status_code == 404


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_refused_by_its_content(
    client: FlaskClient, app: Flask, campaign: Campaign, body: bytes
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    file = FileStorage(io.BytesIO(body), filename="photo.jpg", content_type="image/jpeg")
    answer = post_with(client, campaign, picture=file, alt_en="It.")
    assert answer.status_code == 422  # type: ignore[attr-defined]


def test_a_picture_that_would_fill_the_memory_is_refused(
    client: FlaskClient, app: Flask, campaign: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    out.seek(0)
    bomb = FileStorage(out, filename="photo.png")
    answer = post_with(client, campaign, picture=bomb, alt_en="It.")
    assert answer.status_code == 422  # type: ignore[attr-defined]


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ["..%2f..%2fsecret.key", "x.jpg", "0" * 24 + "-1x1.jpg"])
def test_no_other_file_is_reached(client: FlaskClient, campaign: Campaign, name: str) -> None:
    assert client.get(f"/pictures/{name}").status_code == 404
