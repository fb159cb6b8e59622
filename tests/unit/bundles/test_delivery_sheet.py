"""What the sheet for the gate counts."""

import pytest

from campaign.bundles.documents.packets import sheets_for


@pytest.mark.parametrize(
    ("pages", "duplex", "sheets"),
    [([500, 3], False, 503), ([1000, 6], True, 503), ([3, 3], True, 4), ([], True, 0)],
)
def test_paper_is_counted_in_sheets_volume_by_volume(
    pages: list[int], duplex: bool, sheets: int
) -> None:
    assert sum(sheets_for(one, duplex=duplex) for one in pages) == sheets
