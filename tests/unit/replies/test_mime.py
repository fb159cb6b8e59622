"""A stranger's mail is read safely, whatever it is."""

import unicodedata
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import UnreadableFile
from campaign.replies.mime import clean_text, html_to_text, read_email, read_head
from tests.deadlines import soon


def make_mail(**headers: str) -> EmailMessage:
    """An official's mail in plain words."""
    mail = EmailMessage()
    mail["From"] = "Oficina de la Gobernadora <oficina@altamar.example>"
    mail["To"] = "reply+abc@example.org"
    mail["Subject"] = "Su carta"
    mail["Message-ID"] = "<1@altamar.example>"
    mail["Date"] = "Mon, 05 Jan 2026 10:00:00 -0600"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hemos recibido su carta.\n")
    return mail


def test_plain_words_come_before_html_and_files_come_along() -> None:
    mail = make_mail()
    mail.add_alternative("<p>Other words</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7 x", maintype="application", subtype="pdf", filename="a.pdf")
    email = read_email(mail.as_bytes())
    assert email.text == "Hemos recibido su carta."
    assert email.files == (b"%PDF-1.7 x",)
    assert (email.sender_name, email.sender_address) == (
        "Oficina de la Gobernadora",
        "oficina@altamar.example",
    )
    head = read_head(mail.as_bytes())
    assert "reply+abc@example.org" in head.recipients
    assert head.sender_address == email.sender_address
    assert not email.is_automatic


def test_html_alone_becomes_its_words() -> None:
    mail = make_mail()
    mail.set_content(
        "<head><style>p{}</style></head><p>Dear&nbsp;all,<br>thanks<script>evil()</script>"
        "<img src='https://evil.example/x.gif'></p><p>Bye</p>",
        subtype="html",
    )
    text = read_email(mail.as_bytes()).text
    assert text.split() == ["Dear", "all,", "thanks", "Bye"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Return_Path": "<>"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
    ],
)
def test_what_a_machine_wrote_is_known(headers: dict[str, str]) -> None:
    assert read_email(make_mail(**headers).as_bytes()).is_automatic
    assert not read_email(make_mail(Auto_Submitted="no").as_bytes()).is_automatic


def test_a_mail_that_is_too_big_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        read_email(b"x" * (25 * 1024 * 1024 + 1))


def _is_clean(text: str) -> bool:
    kinds = {unicodedata.category(character) for character in text if character != "\n"}
    return not kinds & {"Cc", "Cf", "Cs"}


@soon
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        mail = read_email(raw)
    except UnreadableFile:
        return
    assert _is_clean(mail.text)
    assert _is_clean(mail.subject)


_HEADER = st.text(st.characters(codec="latin-1"), max_size=60)


_KINDS = (
    "multipart/mixed; boundary=x",
    "text/html; charset=no",
    "text/plain; charset=utf-7",
    "message/rfc822",
    "multipart/report",
)


@soon
@given(_HEADER, _HEADER, st.sampled_from(_KINDS), st.binary(max_size=300))
def test_any_headers_are_read_or_refused(who: str, day: str, kind: str, body: bytes) -> None:
    head = (
        f"From: {who}\r\nDate: {day}\r\nSubject: {who}\r\nContent-Type: {kind}\r\n\r\n--x\r\n\r\n"
    )
    try:
        mail = read_email(head.encode("latin-1") + body + b"\r\n--x--")
    except UnreadableFile:
        return
    assert _is_clean(mail.text)
    assert "\n" not in mail.subject


@soon
@given(st.text(max_size=300))
def test_any_markup_gives_words(html: str) -> None:
    assert _is_clean(clean_text(html_to_text(html)))
