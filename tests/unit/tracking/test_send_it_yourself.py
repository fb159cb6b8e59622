"""A letter as its supporter sends it, and which addresses are one mailbox."""

from urllib.parse import parse_qs, urlsplit

import pytest

from campaign.mail.bad_addresses import is_about_address
from campaign.printing.printed_content import LetterContext
from campaign.tracking.letter_links import spelling
from campaign.tracking.send_it_yourself import mailto_of, plain_text

LETTER = LetterContext(
    key="1",
    number=None,
    reference="UA 1/26",
    locale="en",
    sender_lines=("Ana",),
    place_and_date="Ottawa",
    addressee_lines=("Governor",),
    subject="Protection & care",
    salutation="Dear Governor,",
    opening=("I write.",),
    points=("Protect her.", "Say so."),
    own_words=("My own.", "Two."),
    closing=("Thank you.",),
    complimentary_close="Yours,",
    signature_name="Ana Plantada",
    signature_locality="",
)


def test_the_text_holds_the_letter_from_salutation_to_name() -> None:
    assert plain_text(LETTER) == (
        "Dear Governor,\n\nI write.\n\n– Protect her.\n– Say so.\n\nMy own.\n\nTwo.\n\n"
        "Thank you.\n\nYours,\n\nAna Plantada"
    )


def test_the_mail_program_gets_address_subject_and_text() -> None:
    link, whole = mailto_of("post+x@embassy.example", LETTER.subject, plain_text(LETTER))
    parts = urlsplit(link)
    fields = parse_qs(parts.query)
    assert whole
    assert (parts.scheme, parts.path) == ("mailto", "post+x@embassy.example")
    assert fields["subject"] == ["Protection & care"]
    assert fields["body"][0].replace("\r\n", "\n") == plain_text(LETTER)


def test_an_address_smuggles_no_field_into_the_mail() -> None:
    link, _ = mailto_of("a@b.example?bcc=c@d.example&body=x", "S", "T")
    assert set(parse_qs(urlsplit(link).query)) == {"subject", "body"}


def test_a_text_that_is_too_long_is_left_out_and_without_an_address_there_is_no_link() -> None:
    link, whole = mailto_of("a@b.example", "S", "x" * 2000)
    assert (link, whole) == ("mailto:a@b.example?subject=S", False)
    assert mailto_of("", "S", "T") == ("", False)


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("Ana@Example.org", "ana@example.org", True),
        ("ana@bücher.example", "ana@xn--bcher-kva.example", True),
        ("a.na+x@gmail.com", "ana@googlemail.com", True),
        ("ana+x@example.org", "ana@example.org", False),
        ("a.na@example.org", "ana@example.org", False),
    ],
)
def test_only_what_surely_is_one_mailbox_is_one(address: str, other: str, same: bool) -> None:
    assert (spelling(address) == spelling(other)) is same


@pytest.mark.parametrize("status", ["5.1.1", "5.0.0", "5.2.1", "5.4.4", "5.1.10"])
def test_a_status_that_is_about_the_address(status: str) -> None:
    assert is_about_address(status)


@pytest.mark.parametrize(
    "status", ["4.1.1", "2.0.0", "5.7.1", "5.3.4", "5.6.0", "5.5.1", "", "5", "5.1", "x5.1.1"]
)
def test_a_status_that_does_not(status: str) -> None:
    assert not is_about_address(status)
