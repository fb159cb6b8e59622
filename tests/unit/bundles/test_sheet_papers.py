"""What the sheet for the gate counts."""

import pytest

from campaign.bundles.sheet_papers import count_sheets


@pytest.mark.parametrize(
    ("pages", "duplex", "sheets"),
    [([500, 3], False, 503), ([1000, 6], True, 503), ([3, 3], True, 4), ([], True, 0)],
)
def test_paper_is_counted_in_sheets_volume_by_volume(
    pages: list[int], duplex: bool, sheets: int
) -> None:
    assert count_sheets(pages, duplex=duplex) == sheets
