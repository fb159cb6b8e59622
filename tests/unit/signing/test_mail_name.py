"""What of a signer’s name an email says: nothing that a reader, or an email app, takes for more."""

import pytest

from campaign.signing.mails import mail_name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("J.R.", "J.R."),
        ("Mary St. Clair", "Mary St. Clair"),
        ("فاطمة", "فاطمة"),
        ("shop.example", ""),
        ("Win1000", ""),
        ("a/b", ""),
        ("@evil", ""),
        ("Free $", ""),
    ],
)
def test_a_name_that_could_be_a_text_is_not_said(given_name: str, name: str) -> None:
    assert mail_name(given_name) == name
