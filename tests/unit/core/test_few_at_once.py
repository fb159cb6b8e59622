"""How much of what is dear a process does at once."""

from threading import Event, Thread

import pytest

from campaign.core.errors import TooMany
from campaign.core.rate_limits import FewAtOnce


def test_one_waits_where_one_may_and_the_next_is_refused_at_once() -> None:
    dear = FewAtOnce(1, seconds=30, slug="dear")
    came = Event()

    def come_in() -> None:
        with dear.wait():
            came.set()

    with dear.wait():
        waiting = Thread(target=come_in)
        waiting.start()
        refused = None
        while refused is None:  # until the other one has begun to wait
            refused = _refusal(dear)
        assert refused.slug == "dear"
        assert refused.seconds == 30
        assert not came.is_set()
    waiting.join(30)
    assert came.is_set()
    with dear.wait():
        pass


def _refusal(dear: FewAtOnce) -> TooMany | None:
    if dear._queue._value:
        return None
    with pytest.raises(TooMany) as problem, dear.wait():
        pass
    return problem.value


def test_nobody_waits_longer_than_that() -> None:
    dear = FewAtOnce(1, seconds=0)
    with dear.wait(), pytest.raises(TooMany), dear.wait():
        pass


def test_what_fails_gives_its_place_back() -> None:
    dear = FewAtOnce(1, seconds=0)
    with pytest.raises(ZeroDivisionError), dear.wait():
        _ = 1 // 0
    with dear.wait():
        pass
