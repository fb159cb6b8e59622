"""An address breaks between its parts, and within none."""

import pytest

from campaign.core.text.address_lines import glue_numbers
from tests.deadlines import seconds_of


@pytest.mark.parametrize(
    "shown",
    [
        "12~Rue de l’Église, Montréal QC H3A~1A1",
        "12~Example Street, Ottawa ON K1A~0A1",
        "100~Sample Street",
        "Rue 5 10115 Berlin",
        "Storgatan~5, 113~24 Stockholm",
        "Suite~10",
        "Hauptstraße~5, 10115~Berlin",
        "Calle Real 60 No. 12-3 x~4, Mérida~97000",
        "1012~AB Amsterdam",
        "شارع الملك~12، الرياض~11564",
        "Ottawa",
        "",
    ],
)
def test_numbers_stay_with_what_they_belong_to(shown: str) -> None:
    assert glue_numbers(shown.replace("~", " ")) == shown.replace("~", "\u00a0")


def test_500_digits_are_read_at_once() -> None:
    assert seconds_of(lambda: [glue_numbers("1" * 500) for _ in range(5)]) < 1
