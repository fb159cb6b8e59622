"""Batches lose nothing and keep the order."""

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.db.batches import batched


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_hold_all_in_order_and_only_the_last_is_smaller(
    things: list[int], size: int
) -> None:
    batches = list(batched(iter(things), size))
    assert [number for batch in batches for number in batch] == things
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)
