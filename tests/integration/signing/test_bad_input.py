"""Whatever is typed: a message by the field in the page's language, everything kept, no row."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.core.settings import Settings
from campaign.mail.views import list_mails
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature
from tests.integration.signing.conftest import FORM

URLENCODED = "application/x-www-form-urlencoded"
LINES = ["given_name", "family_name", "email", "locality", "region", "postal_code"]
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{7*7}}",
    "</textarea><script>alert(1)</script>",
    "((name.__class__))",
]


@pytest.fixture
def refused(client: FlaskClient, campaign: Campaign, session: Session) -> Callable[..., str]:
    """Sends the form with one field changed to every step that judges it; gives the page."""

    def send(lang: str = "en", status: int = 422, **values: object) -> str:
        case = f"/{lang}/actions/{campaign.slug}"
        pages = []
        for step in ("check", "sign", "preview.pdf"):
            response = client.post(f"{case}/{step}", data={**FORM, **values})
            assert response.status_code == status, step
            pages.append(response.text)
        assert pages[0] == pages[1] == pages[2]
        assert session.query(Signature).count() == 0
        return pages[0]

    return send


def field_error(page: str, name: str) -> str:
    """The message by the field."""
    start = page.index(f'id="{name}-error"')
    return page[start : page.index("</p>", start)]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("given_name", "Enter your name."),
        ("email", "Enter your email address."),
        ("locality", "Enter the town or village where you live."),
        ("country", "Choose the country where you live."),
        ("disclosure", "Choose what officials see."),
    ],
)
def test_what_is_missing_is_asked_for_by_its_field(
    refused: Callable[..., str], name: str, sentence: str
) -> None:
    page = refused(**{name: ""})
    assert sentence in field_error(page, name)
    assert 'value="Tremblay"' in page
    assert 'value="I write because I care."' in page


def test_a_long_name_is_told_its_length_and_kept(refused: Callable[..., str]) -> None:
    page = refused(given_name="é" * 300)
    assert "300 characters. Shorten it to 100" in field_error(page, "given_name")
    assert "é" * 300 in page


def test_long_own_words_are_told_their_length_and_kept(
    refused: Callable[..., str], client: FlaskClient, case: str
) -> None:
    words = "palabra " * 2500
    page = refused(own_words=words)
    assert "You wrote 19,999 characters. There is room for 1,500." in field_error(page, "own_words")
    assert words.strip() in page
    assert 'value="Maëlle"' in page
    first_step = client.post(f"{case}/you", data={**FORM, "own_words": words})
    assert first_step.status_code == 422
    assert "You wrote 19,999 characters" in first_step.text


@pytest.mark.parametrize(
    ("text", "status", "sentence"),
    [
        ("Ab\0c", 400, "hidden characters"),
        ("Ab\x1bc", 422, "hidden characters"),
        ("Ab\u202ec", 422, "hidden characters that reverse the text"),
        ("Ab😀c", 422, "We cannot print emoji"),
        ("Ab\ue000c", 422, "We cannot print the character \ue000. Remove it."),
        ("A" + "b\u0353" * 1 + "\u0353" * 9, 422, "One character has too many accents or marks."),
    ],
)
def test_what_cannot_be_printed_is_named(
    refused: Callable[..., str], text: str, status: int, sentence: str
) -> None:
    """The person's fields on one page, the words of the letter on another."""
    for names in ((*LINES[:2], "locality", "region", "postal_code"), ("own_words",)):
        page = refused(status=status, **dict.fromkeys(names, text))
        for name in names:
            assert sentence in field_error(page, name), name


def test_hidden_characters_are_taken_out_of_what_is_shown_again(
    refused: Callable[..., str],
) -> None:
    page = refused(status=400, given_name="Ab\0\u202ec")
    assert 'value="Abc"' in page
    assert "\0" not in page


@pytest.mark.parametrize("name", LINES)
def test_line_ends_never_get_through_a_line(refused: Callable[..., str], name: str) -> None:
    page = refused(**{name: "a@example.org\r\nBcc: b@example.org"})
    assert "Write this on one line." in field_error(page, name)


@pytest.mark.parametrize(
    ("given", "family", "shown"),
    [
        ("O", "", "O"),
        ("عائشة", "بن علي", "عائشة بن علي"),
        ("שרה", "לוי", "שרה לוי"),
        ("小龍", "李", "李小龍"),
        ("Nguyễn", "Thị Ánh", "Nguyễn Thị Ánh"),
    ],
)
def test_names_of_the_world_are_signed_and_shown(
    client: FlaskClient, case: str, given: str, family: str, shown: str
) -> None:
    form = {**FORM, "given_name": given, "family_name": family}
    assert shown in client.post(f"{case}/check", data=form).text
    assert client.post(f"{case}/sign", data=form).status_code == 303


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("fr", "Indiquez votre prénom."), ("es", "Escriba su nombre."), ("en", "Enter your name.")],
)
def test_the_page_speaks_its_language(
    refused: Callable[..., str], lang: str, sentence: str
) -> None:
    page = refused(lang, given_name="")
    assert f'<html lang="{lang}"' in page
    assert sentence in field_error(page, "given_name")


def test_an_unknown_point_is_refused_on_the_page_of_the_letter(refused: Callable[..., str]) -> None:
    page = refused(points=["investigate", "' OR 1=1"])
    assert "Our text changed while you were writing." in page
    assert "Dear Governor," in page


def test_an_unknown_language_of_the_letter_is_refused(refused: Callable[..., str]) -> None:
    assert "Choose another language." in refused(letter_locale="../../etc")


@pytest.mark.parametrize("text", XSS)
def test_markup_is_inert_on_every_page(client: FlaskClient, case: str, text: str) -> None:
    form = {**FORM, "own_words": text, "given_name": f"A{text}"}
    for step in ("write", "you", "check"):
        page = client.post(f"{case}/{step}", data=form)
        assert page.status_code == 200
        assert str(escape(text)) in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert client.post(f"{case}/preview.pdf", data=form).mimetype == "application/pdf"


def test_a_preview_that_costs_too_much_is_killed_and_the_site_goes_on(
    client: FlaskClient, case: str, app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = settings.model_copy(update={"letter_memory_mb": 1})
    with monkeypatch.context() as patch:
        patch.setitem(app.extensions, "settings", little)
        answer = client.post(f"{case}/preview.pdf", data=FORM)
    assert answer.status_code == 422
    assert "The printing failed." in answer.text
    assert client.post(f"{case}/preview.pdf", data=FORM).mimetype == "application/pdf"


@pytest.mark.both_engines
@pytest.mark.parametrize("body", [b"given_name=%91", b"own_words=%ED%A0%80", b"region=\x91"])
@pytest.mark.parametrize("step", ["write", "you", "check", "sign", "preview.pdf"])
def test_bytes_that_are_no_text_are_refused(
    client: FlaskClient, case: str, body: bytes, step: str
) -> None:
    response = client.post(f"{case}/{step}", data=body, content_type=URLENCODED)
    assert response.status_code == 400


def test_a_megabyte_of_own_words_is_refused_cheaply(client: FlaskClient, case: str) -> None:
    body = b"own_words=" + b"a" * 1_000_000
    response = client.post(f"{case}/sign", data=body, content_type=URLENCODED)
    assert response.status_code == 413


def test_ten_thousand_fields_are_refused(client: FlaskClient, case: str) -> None:
    body = "&".join(f"f{number}=1" for number in range(10_000)).encode()
    response = client.post(f"{case}/sign", data=body, content_type=URLENCODED)
    assert response.status_code == 413


def test_a_thousand_parts_are_refused(client: FlaskClient, case: str) -> None:
    part = '--x\r\nContent-Disposition: form-data; name="f{}"\r\n\r\n1\r\n'
    body = ("".join(part.format(number) for number in range(1000)) + "--x--\r\n").encode()
    kind = "multipart/form-data; boundary=x"
    assert client.post(f"{case}/sign", data=body, content_type=kind).status_code == 413


def test_a_form_without_any_field_is_asked_for_everything(client: FlaskClient, case: str) -> None:
    response = client.post(f"{case}/sign")
    assert response.status_code == 422
    assert response.text.count('class="error"') == 5


@pytest.mark.parametrize("step", ["write", "you", "check", "sign", "preview.pdf"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_a_form_of_another_site_is_refused(
    client: FlaskClient, case: str, session: Session, step: str, headers: dict[str, str]
) -> None:
    assert client.post(f"{case}/{step}", data=FORM, headers=headers).status_code == 403
    assert session.query(Signature).count() == 0


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("step", ["", "/write", "/you", "/check", "/sign"])
def test_other_verbs_are_not_taken(client: FlaskClient, case: str, verb: str, step: str) -> None:
    assert client.open(f"{case}{step}", method=verb).status_code == 405


@pytest.mark.both_engines
@pytest.mark.parametrize("step", ["", "/write", "/sent", "/outcome"])
@pytest.mark.parametrize("slug", ["no-such-case", "1", "ua-58-20'--"])
def test_a_case_that_does_not_exist_is_not_found(client: FlaskClient, step: str, slug: str) -> None:
    assert client.get(f"/en/actions/{slug}{step}").status_code == 404


@pytest.mark.parametrize("email", ["maelle@bücher.example.org", "mäx@exämple.org"])
def test_an_address_beyond_ascii_is_taken_and_written_to(
    client: FlaskClient, campaign: Campaign, session: Session, settings: Settings, email: str
) -> None:
    for typed in (email, email.upper()):
        form = {**FORM, "email": typed}
        assert client.post(f"/en/actions/{campaign.slug}/sign", data=form).status_code == 303
    assert session.query(Signature).one().email == email.upper()
    session.rollback()
    jobs.run_now("mail.sweep")
    local = email.upper().partition("@")[0]
    assert any(mail.to.startswith(f"{local}@xn--") for mail in list_mails(settings.outbox))


def test_a_mistyped_domain_is_mended_by_a_button_or_kept(
    client: FlaskClient, campaign: Campaign, session: Session
) -> None:
    check = f"/en/actions/{campaign.slug}/check"
    typed = {**FORM, "email": "max@gmial.com"}
    page = client.post(check, data=typed).text
    assert "Did you mean <bdi>max@gmail.com</bdi>?" in page
    assert page.index("Did you mean") < page.index('<article class="letter')
    mended = client.post(check, data=typed | {"use_meant": "1"}).text
    assert 'name="email" value="max@gmail.com"' in mended.replace('type="hidden" ', "")
    assert "Did you mean" not in mended
    assert FORM["own_words"] in mended
    sign = client.post(f"/en/actions/{campaign.slug}/sign", data=typed)
    assert sign.status_code == 303
    assert session.query(Signature).one().email == "max@gmial.com"
