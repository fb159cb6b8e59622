"""What is printed to carry a case further, and the calendar's entry."""

import io
import re
from datetime import UTC, date, datetime

import icalendar
import pypdfium2
import pytest
from PIL import Image

from campaign.printing.geometry import PAPERS
from campaign.printing.sheets import handouts, posters
from campaign.printing.sheets.posters import ShareContext
from campaign.public.feeds import deadline_ics
from tests.unit.printing.sheet_samples import poster, sign_on

SHARE = ShareContext("en", "Mexico", "A title", "en", "Write a letter.", "A site")


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
def test_the_poster_is_one_page_with_its_words_above_the_code(slug: str, title: str) -> None:
    paper = PAPERS[slug]
    summary = ("A sentence. " * 100).strip()
    body = posters.poster_pdf(poster(title=title.strip(), summary=summary), paper)
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
    assert "It takes 3 minutes" in text
    document.close()
    with pypdfium2.PdfDocument(body) as document:
        words = document[0].get_textpage()
        low = words.get_charbox(words.get_text_range().rindex("A sentence"))[1]
        assert low / 72 * 25.4 > 100.2


@pytest.mark.parametrize(("sentences", "shown"), [(2, True), (120, False)])
def test_the_poster_shows_the_picture_where_words_stay_large(sentences: int, shown: bool) -> None:
    out = io.BytesIO()
    Image.new("RGB", posters.POSTER_PICTURE, "grey").save(out, "JPEG")
    words = poster(summary="A sentence. " * sentences, picture="x.jpg", picture_alt="A river")
    body = posters.poster_pdf(words, PAPERS["letter"], out.getvalue())
    with pypdfium2.PdfDocument(body) as document:
        assert len(document) == 1
        images = list(document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    assert bool(images) is shown
    page = posters.Poster(words=words, picture="letters:picture")
    assert 'alt="A river"' in page.html()


LONGEST = "A request that is as long as a request may be, and then goes on for a while. " * 4
ARABIC = "إعادة تدابير الحماية التي اتفق عليها معها فوراً، بما في ذلك الحارسان. " * 4


@pytest.mark.parametrize("slug", ["a4", "letter"])
@pytest.mark.parametrize(
    ("locale", "ask", "asks"),
    [("en", "One request.", 4), ("en", LONGEST[:300], 8), ("ar", ARABIC[:300], 8)],
    ids=["short", "long", "arabic"],
)
def test_the_sheet_is_one_lying_page_that_shows_every_request_whole(
    slug: str, locale: str, ask: str, asks: int
) -> None:
    context = sign_on((ask.strip(),) * asks, locale=locale, text_locale=locale)
    planned = handouts.plan_sheet(context, PAPERS[slug])
    with pypdfium2.PdfDocument(handouts.sheet_pdf(context, PAPERS[slug])) as document:
        assert len(document) == 1
        page = document[0]
        assert page.get_width() > page.get_height()
        words = " ".join(page.get_textpage().get_text_bounded().split())
    if locale == "en":
        assert words.count(ask.strip()) == asks
    assert all(head in words for head in ("Name", "Signature", "I ask them to deliver"))
    assert planned.rows >= 4
    assert planned.is_full is (asks == 4)
    # The numbers stand on the sheet and on its strip.
    assert len(re.findall(rf"(?<!\d){planned.rows}(?!\d)", words)) >= 2


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_what_is_cut_off_stands_on_one_side_of_the_line(locale: str) -> None:
    context = sign_on(locale=locale)
    page = handouts.plan_sheet(context, PAPERS["a4"])
    cut = (page.margin + page.body + page.gap / 2) / 25.4 * 72
    with pypdfium2.PdfDocument(handouts.sheet_pdf(context, PAPERS["a4"])) as document:
        text = document[0].get_textpage()
        width = document[0].get_width()
        for words in (*context.strip_columns, "We keep this strip", *context.columns, "A site"):
            index, count = text.search(words).get_next()
            boxes = [text.get_charbox(index + n) for n in range(count)]
            low, high = min(box[0] for box in boxes), max(box[2] for box in boxes)
            away = (low > cut) if locale == "en" else (high < width - cut)
            assert away is (words not in (*context.columns, "A site")), words


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
        uid="abc@letters.example",
        day=date(2026, 12, 31),
        title=title,
        text=text,
        url="https://letters.example/fr/actions/x",
        changed_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        lang="fr",
    )
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"\r\nDTSTART;VALUE=DATE:20261231\r\n" in raw
    calendar = icalendar.Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert calendar.errors == event.errors == []
    assert (str(event["SUMMARY"]), str(event["DESCRIPTION"])) == (title, text.rstrip("\n"))
    assert event["SUMMARY"].params["LANGUAGE"] == "fr"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 12, 31), date(2027, 1, 1))
    assert str(event["UID"]) == "abc@letters.example"
