"""What is printed to carry a case further, and the calendar's entry."""

import io
from datetime import UTC, date, datetime

import icalendar
import pypdfium2
import pytest
from PIL import Image

from campaign.letters import posters
from campaign.letters.layouts import PAPERS
from campaign.letters.posters import PosterContext, ShareContext, SheetContext
from campaign.reading.calendars import deadline_ics

SHARE = ShareContext("en", "Mexico", "A title", "en", "Write a letter.", "A site")


def poster(**words: str) -> PosterContext:
    facts = {
        "locale": "en", "kicker": "Mexico", "title": "A title", "summary": "A summary.",
        "text_locale": "en", "call": "Write a letter now", "deadline": "Write until Friday",
        "link": "https://letters.example/en/actions/x?from=poster",
        "shown_link": "letters.example/en/actions/x", "site": "A site",
    }  # fmt: skip
    return PosterContext(**(facts | words))


def sheet(asks: tuple[str, ...] = ("One", "Two"), locale: str = "en") -> SheetContext:
    return SheetContext(
        locale, "Mexico", "A title", locale, asks, "By signing I agree.", "Send it back.",
        ("Name", "Town", "Postal code", "Country", "E-mail", "News", "Network", "Signature"),
        "To write yourself:", "https://letters.example/x?from=sheet", "letters.example/x", "A site",
        "Sheet",
    )  # fmt: skip


def test_the_picture_has_the_size_that_other_sites_ask_for() -> None:
    picture = Image.open(io.BytesIO(posters.share_png(SHARE)))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 10


def test_the_picture_is_told_apart_by_what_it_says() -> None:
    other = ShareContext("en", "Mexico", "Another title", "en", "Write a letter.", "A site")
    assert posters.fingerprint("share", SHARE) == posters.fingerprint("share", SHARE)
    assert posters.fingerprint("share", SHARE) != posters.fingerprint("share", other)
    assert posters.fingerprint("poster", poster(), "a4") != posters.fingerprint(
        "poster", poster(), "letter"
    )


@pytest.mark.parametrize("slug", ["a4", "letter"])
@pytest.mark.parametrize("title", ["A title", "A very long title " * 11])
def test_the_poster_is_one_page_of_its_paper(slug: str, title: str) -> None:
    paper = PAPERS[slug]
    body = posters.poster_pdf(poster(title=title.strip(), summary="A sentence. " * 40), paper)
    document = pypdfium2.PdfDocument(body)
    assert len(document) == 1
    page = document[0]
    assert (round(page.get_width()), round(page.get_height())) == (
        round(paper.width * 72 / 25.4),
        round(paper.height * 72 / 25.4),
    )
    text = page.get_textpage().get_text_bounded()
    assert "Write a letter now" in text
    assert "letters.example/en/actions/x" in text
    document.close()


@pytest.mark.parametrize("slug", ["a4", "letter"])
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_the_sheet_is_one_lying_page_with_rows_to_fill_in(slug: str, locale: str) -> None:
    body = posters.sheet_pdf(sheet(("A long request " * 8,) * 6, locale), PAPERS[slug])
    document = pypdfium2.PdfDocument(body)
    assert len(document) == 1
    page = document[0]
    assert page.get_width() > page.get_height()
    text = page.get_textpage().get_text_bounded()
    assert all(head in text for head in ("Name", "Signature", "By signing I agree"))
    assert "10" in text
    document.close()


def test_markup_in_a_title_stays_text() -> None:
    body = posters.poster_pdf(poster(title="<b>{{7*7}}</b>"), PAPERS["a4"])
    document = pypdfium2.PdfDocument(body)
    assert "<b>{{7*7}}</b>" in document[0].get_textpage().get_text_bounded()
    document.close()


def test_the_calendars_entry_is_read_as_it_was_meant() -> None:
    title, text = (
        "Écrire : Łucja; Peña, \\ fin",
        "Trois phrases.\nUne ligne " + "اكتبوا رسالة " * 12,
    )
    raw = deadline_ics(
        uid="abc@letters.example", day=date(2026, 12, 31), title=title, text=text,
        url="https://letters.example/fr/actions/x",
        changed_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        lang="fr",
    )  # fmt: skip
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    calendar = icalendar.Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert calendar.errors == event.errors == []
    assert (str(event["SUMMARY"]), str(event["DESCRIPTION"])) == (title, text.rstrip("\n"))
    assert event["SUMMARY"].params["LANGUAGE"] == "fr"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 12, 31), date(2027, 1, 1))
    assert str(event["UID"]) == "abc@letters.example"
