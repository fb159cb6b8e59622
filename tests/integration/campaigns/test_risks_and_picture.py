"""Risk flags, the embargo, and the picture of the case."""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.audit import AuditEntry
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.signing.campaign_terms import plan_of
from campaign.staff.audit_log.describe_entries import describe_entries
from campaign.storage.places import LocalPlace
from tests.busy_readers import answer_without_readers
from tests.integration.campaigns.conftest import DESK, Send
from tests.ticks import tick

Fresh = Callable[[], Campaign]
TEXT = {"title": "T", "summary": "Her sister Lucía knows.", "asks": "A", "background": ""}
ALT = {"alt_en": "A river.", "alt_fr": "Une rivière.", "alt_es": "Un río."}


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 400), **options: Any) -> bytes:
    """Red at the start, blue at the end."""
    image = Image.new("RGB", size, (200, 20, 20))
    image.paste((20, 20, 200), (size[0] * 2 // 3, 0, *size))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bomb(side: int = 50_000) -> bytes:
    """A PNG of a few hundred bytes that claims to have that many pixels a side."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(4096))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


CANCELLED = {"before": "scheduled", "after": "draft"}


def test_a_text_in_the_place_of_a_picture_is_none(send: Send) -> None:
    response = send("/picture", ALT | {"picture": "no file"})
    assert response.status_code == 422


def test_flags_are_sealed_and_point_at_the_place_in_the_text(
    app: Flask, desk: FlaskClient, send: Send, session: Session, fresh: Fresh
) -> None:
    assert send("/risks", {"relative": "Lucía\nLucía", "place": "Calle 9"}).status_code == 303
    rows = list(session.scalars(text("SELECT words FROM risk_flag")))
    assert len(rows) == 2
    assert all(b"Luc" not in bytes(sealed) for sealed in rows)
    assert "Lucía" not in str(list(session.execute(text("SELECT detail FROM audit_entry"))))
    with app.test_request_context():
        described = describe_entries(session, session.scalars(select(AuditEntry)).all())
    told = dict(next(line for line in described if line.entry.action == "campaign.risks").details)
    assert told["risk flags"] == "Relatives and others close to the person (1), Places (1)"
    session.rollback()
    assert send("/editions/en", TEXT).status_code == 303
    assert "Her sister <mark>Lucía</mark> knows." in desk.get(f"{DESK}/editions/en").text
    page = desk.get(DESK).text
    assert "contains words that a risk flag rules out" in page
    assert "(you are asked again when you open the campaign)" in page
    scheduled = fresh()
    scheduled.status, scheduled.open_at = CampaignStatus.SCHEDULED, db.utcnow() + timedelta(days=1)
    session.commit()
    page = desk.get(DESK).text
    assert "asked again when you open" not in page
    assert "(the campaign opens without asking again)" in page
    fresh().status = CampaignStatus.DRAFT
    session.commit()
    assert "Her sister <mark>Lucía</mark> knows." in desk.get(f"{DESK}/risks").text
    live = send("/text-preview/en?field=background", {"background": "In calle 9."}).text
    assert "<mark>calle 9</mark>" in live
    assert plan_of(fresh()).word_rules.findings("I met Lucia.") == []  # whoever asks learns nothing


def test_what_everybody_would_read_at_once_is_asked_about_first(
    desk: FlaskClient, send: Send, session: Session, fresh: Fresh
) -> None:
    send("/risks", {"witness": "Lucía"})
    fresh().status = CampaignStatus.OPEN
    session.commit()
    refused = send("/editions/en", TEXT)
    assert refused.status_code == 422
    assert "Everyone could read this at once" in refused.text
    changed = TEXT | {"summary": "Her sister Lucía saw it all."}
    around = send("/editions/en", changed | tick(refused))
    assert around.status_code == 422, "other words stand around the name"
    more = TEXT | {"title": f"Lucía, {TEXT['title']}"}
    again = send("/editions/en", more | tick(refused))
    assert again.status_code == 422, "the title was not asked about"
    assert send("/editions/en", more | tick(again)).status_code == 303
    news = {
        "kind": "good-news",
        "happened_on": "2026-11-20",
        "title_en": "Safe",
        "body_en": "She is well.",
        "body_fr": "Lucia va bien.",
        "title_fr": "Bien",
    }
    refused = send("/updates", news)
    assert refused.status_code == 422
    assert fresh().updates == []
    assert send("/updates", news | tick(refused)).status_code == 303


@pytest.mark.parametrize(
    ("flags", "after"),
    [
        ({"witness": "Ana", "place": "Calle 9"}, CampaignStatus.SCHEDULED),
        ({"witness": "Ana\nLucía"}, CampaignStatus.DRAFT),
    ],
)
def test_a_flag_that_a_text_breaks_takes_the_opening_off(
    send: Send, session: Session, fresh: Fresh, flags: dict[str, str], after: CampaignStatus
) -> None:
    send("/editions/en", TEXT)
    send("/risks", {"witness": "Ana"})
    it = fresh()
    it.status, it.open_at = CampaignStatus.SCHEDULED, clock.utcnow() + timedelta(days=1)
    session.commit()
    told = send("/risks", flags, follow_redirects=True).text
    assert ("the campaign will not open automatically" in told) is (after is CampaignStatus.DRAFT)
    assert fresh().status is after
    cancelled = [] if after is CampaignStatus.SCHEDULED else [("campaign.unscheduled", CANCELLED)]
    moves = ("campaign.draft", "campaign.unscheduled")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(moves)))
    assert [(entry.action, entry.detail) for entry in entries] == cancelled


def test_another_embargo_of_what_is_approved_is_told_as_what_cancelled_the_opening(
    app: Flask, send: Send, session: Session, fresh: Fresh
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    it = fresh()
    it.status, it.open_at = CampaignStatus.SCHEDULED, clock.utcnow() + timedelta(days=3)
    session.commit()
    until = (clock.utcnow() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert send("/risks", {"embargo_until": until}).status_code == 303
    assert fresh().status is CampaignStatus.REVIEW
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["campaign.unscheduled", "campaign.risks"]
    assert "campaign.review" not in actions, "nobody sent it for approval"
    with app.test_request_context():
        described = describe_entries(session, session.scalars(select(AuditEntry)).all())
    line = next(line for line in described if line.entry.action == "campaign.unscheduled")
    assert line.what == "Cancelled the scheduled opening of a campaign by changing it"
    assert line.details == [("before", "Scheduled"), ("after", "Waiting for approval")]


@pytest.mark.parametrize("entry", ["official", "mission"])
def test_an_entry_that_a_draft_aims_at_is_asked_about_before_it_opens(
    desk: FlaskClient, send: Send, session: Session, fresh: Fresh, entry: str
) -> None:
    getattr(fresh().targets[0], entry).address = ["c/o Lucía Paz", "Calle 9"]
    session.commit()
    send("/risks", {"witness": "Lucía Paz"})
    assert "c/o <mark>Lucía Paz</mark>" in desk.get(f"{DESK}/risks").text
    assert "The entry of an official or mission contains" in desk.get(DESK).text
    refused = send("/status?to=open")
    assert refused.status_code == 422
    assert "c/o <mark>Lucía Paz</mark>" in refused.text
    assert fresh().status is CampaignStatus.DRAFT
    assert send("/status?to=open", tick(refused)).status_code == 303


def test_the_desk_says_that_everybody_can_read_what_a_new_flag_rules_out(
    send: Send, session: Session, fresh: Fresh
) -> None:
    send("/editions/en", TEXT)
    fresh().status = CampaignStatus.OPEN
    session.commit()
    told = send("/risks", {"witness": "Lucía"}, follow_redirects=True).text
    assert "A text that everyone can read names one of them." in told
    assert fresh().status is CampaignStatus.OPEN


def test_before_the_end_of_an_embargo_nothing_opens_and_nothing_is_posted(
    desk: FlaskClient, send: Send, session: Session, fresh: Fresh
) -> None:
    until = (clock.utcnow() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert send("/risks", {"embargo_until": "tomorrow"}).status_code == 422
    assert send("/risks", {"embargo_until": until}).status_code == 303
    assert send("/status?to=open").status_code == 422
    shown = desk.get(f"/desk/campaigns/{fresh().slug}").text
    assert "The embargo is not over. The campaign can open on" in shown
    assert "Nothing is missing" not in shown, "texts may still say what flags rule out"
    assert desk.get(f"/desk/campaigns/{fresh().slug}/risks").text.count("each part of a name") == 2
    session.rollback()
    news = {"kind": "good-news", "happened_on": "2026-11-20", "title_en": "Safe"}
    assert "The embargo is not over" in send("/updates", news).text
    assert fresh().status is CampaignStatus.DRAFT
    draft = fresh()
    draft.embargo_until = clock.utcnow() - timedelta(seconds=1)
    session.commit()
    assert send("/status?to=open").status_code == 303
    assert send("/risks", {"embargo_until": until}).status_code == 422


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("bomb.png", bomb(), "The picture is too big"),
        ("page.jpg", b"<html><script>alert(1)</script></html>", "is not a JPEG, PNG or WebP"),
        ("river.png", picture("JPEG"), "does not match its kind"),
        ("river.exe", picture("PNG"), "does not match its kind"),
        ("cut.jpg", picture("JPEG")[:600], "This file is not a JPEG, PNG"),
        ("small.jpg", picture("JPEG", size=(60, 40)), "The picture is too small"),
        ("", b"", "Choose a picture."),
    ],
)
def test_what_is_no_picture_is_refused(
    send: Send, fresh: Fresh, name: str, body: bytes, words: str
) -> None:
    response = send("/picture", ALT | {"picture": (io.BytesIO(body), name)})
    assert response.status_code == 422
    assert words in response.text
    assert fresh().picture == ""


def test_all_that_is_wrong_with_a_picture_is_said_at_once_and_by_language(send: Send) -> None:
    wrong = {"picture": (io.BytesIO(b"no picture"), "river.jpg"), "alt_en": "A river."}
    page = send("/picture", wrong).text
    summary = page.partition('class="error-summary')[2].partition("</div>")[0]
    messages = [" ".join(link.split()) for link in re.findall(r"<a [^>]*>([^<]*)</a>", summary)]
    assert messages == [
        (
            "This file is not a JPEG, PNG or WebP picture, even if its name says so. "
            "Choose another file."
        ),
        "French: describe the picture for people who cannot see it.",
        "Spanish: describe the picture for people who cannot see it.",
    ]
    right = wrong | {"picture": (io.BytesIO(picture("JPEG")), "river.jpg")}
    assert "Choose the file again. Your browser did not keep it." in send("/picture", right).text


def test_a_picture_is_made_anew_described_in_every_language_and_cut_around_what_matters(
    client: FlaskClient, desk: FlaskClient, send: Send, session: Session, fresh: Fresh
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Planted place"
    body = picture("JPEG", exif=exif, comment=b"Planted camera")
    first = {"picture": (io.BytesIO(body), "river.jpg")}
    silent = send("/picture", ALT | first | {"alt_fr": ""}).text
    assert "French: describe the picture" in silent
    assert "Choose the file again" in silent
    again = {"picture": (io.BytesIO(body), "river.jpg"), "x": "95", "y": "50"}
    assert send("/picture", ALT | again).status_code == 303
    campaign = fresh()
    shown = desk.get(f"{DESK}/picture/{campaign.picture_wide.rpartition('/')[2]}")
    assert shown.status_code == 200
    assert b"Planted" not in shown.data
    cut = Image.open(io.BytesIO(shown.data))
    assert cut.size == (600, 400)
    red, blue = cut.getpixel((10, 200)), cut.getpixel((590, 200))
    assert red[0] > 150 > red[2]
    assert blue[2] > 150 > blue[0]
    assert (shown.mimetype, cut.format) == ("image/webp", "WEBP")
    public = f"/pictures/{campaign.picture_wide.rpartition('/')[2]}"
    assert client.get(public).status_code == 404
    assert 'alt="Une rivière."' in desk.get(f"{DESK}/preview/fr").text
    campaign.status = CampaignStatus.OPEN
    session.commit()
    assert client.get(public).mimetype == "image/webp"
    assert f'src="{public}" alt="Un río."' in client.get("/es/actions/ua-1-26").text
    small = campaign.picture_small.rpartition("/")[2]
    assert f'src="/pictures/{small}" alt="A river."' in client.get("/en/").text
    assert send("/picture", ALT | {"x": "101"}).status_code == 422
    assert send("/picture", ALT | {"remove": "1"}).status_code == 303
    assert fresh().picture == ""
    assert desk.get(f"{DESK}/picture/nothing.jpg").status_code == 404


def test_a_picture_that_will_not_be_saved_is_not_drawn(send: Send, fresh: Fresh) -> None:
    new = {"picture": (io.BytesIO(picture()), "river.jpg")}
    assert send("/picture", ALT | new).status_code == 303
    for wrong in ({"x": "9" * 400}, {"y": "101"}, {"x": "20", "alt_fr": ""}):
        response = answer_without_readers(partial(send, "/picture", ALT | wrong))
        assert response.status_code == 422
    far = {"picture": (io.BytesIO(picture()), "river.jpg"), "y": "-1"}
    assert answer_without_readers(partial(send, "/picture", ALT | far)).status_code == 422
    assert (fresh().picture_x, fresh().picture_y) == (50, 50)


def test_a_picture_that_nothing_shows_any_more_is_removed_after_a_day(
    app: Flask, send: Send, fresh: Fresh
) -> None:
    def lying() -> set[str]:
        return set(app.extensions["storage"].names("pictures"))

    def keys() -> set[str]:
        now = fresh()
        return {now.picture, now.picture_wide, now.picture_small}

    def date_files(moment: float) -> None:
        """The disk dates files by the machine's clock, which may not be the one of the tests."""
        for name in lying():
            os.utime(app.extensions["storage"].place.folder / name, (moment, moment))

    def upload(size: tuple[int, int]) -> set[str]:
        file = {"picture": (io.BytesIO(picture(size=size)), "river.jpg"), "x": "5", "y": "5"}
        assert send("/picture", ALT | file).status_code == 303
        return keys()

    first = upload((900, 400))
    second = upload((800, 500))
    with app.app_context():
        date_files(clock.utcnow().timestamp())
        jobs.run_now("campaigns.sweep-pictures")
        assert lying() == first | second, "one of today may still be wanted"
        date_files(0)
        jobs.run_now("campaigns.sweep-pictures")
        assert lying() == second
    assert upload((900, 400)) == first


class Interrupted(LocalPlace):
    """A folder in which somebody does something right after a first file is deleted."""

    def __init__(self, folder: Path, then: Callable[[], object]) -> None:
        super().__init__(folder)
        self.deleted: list[str] = []
        self._then = then

    def delete(self, name: str) -> None:
        super().delete(name)
        self.deleted.append(name)
        if len(self.deleted) == 1:
            self._then()


@pytest.mark.both_engines
def test_a_picture_that_comes_back_while_others_are_swept_keeps_its_files(
    app: Flask, send: Send, fresh: Fresh
) -> None:
    storage = app.extensions["storage"]

    def upload(size: tuple[int, int] = (900, 400)) -> set[str]:
        file = {"picture": (io.BytesIO(picture(size=size)), "river.jpg"), "x": "5", "y": "5"}
        assert send("/picture", ALT | file).status_code == 303
        now = fresh()
        return {now.picture, now.picture_wide, now.picture_small}

    first, _second = upload(), upload((800, 500))
    for name in list(storage.names("pictures")):
        os.utime(storage.place.folder / name, (0, 0))
    storage.place = place = Interrupted(storage.place.folder, upload)
    with app.app_context():
        jobs.run_now("campaigns.sweep-pictures")
    assert len(place.deleted) == 1
    assert first <= set(storage.names("pictures"))


def test_the_shared_picture_holds_the_cases_own(
    client: FlaskClient, send: Send, session: Session, fresh: Fresh
) -> None:
    file = {"picture": (io.BytesIO(picture()), "river.jpg"), "x": "95", "y": "50"}
    assert send("/picture", ALT | file).status_code == 303
    fresh().status = CampaignStatus.OPEN
    session.commit()
    image = Image.open(io.BytesIO(client.get("/en/actions/ua-1-26/share.png").data)).convert("RGB")
    assert image.size == (1200, 630)
    beside, paper = image.getpixel((1100, 300)), image.getpixel((60, 560))
    assert beside[2] > 150 > beside[0]
    assert min(paper) > 230
