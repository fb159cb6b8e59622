"""What most tests over HTTP share: an open campaign, and pages as they stand at this moment."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.models.campaign import Campaign
from campaign.public.page_cache import PageCache
from tests.factories import make_campaign
from tests.kept_states import KeptStates
from tests.press_cache import RememberingPress

Keep = Callable[[str, Callable[[], int]], int]


@pytest.fixture(scope="session")
def remembering_press(folder_of_run: Path) -> RememberingPress:
    """Lays out the same document once a run."""
    return RememberingPress(folder_of_run / "printed")


@pytest.fixture(autouse=True)
def _press(
    request: pytest.FixtureRequest,
    remembering_press: RememberingPress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is tried here is what is done with a printed page, not the laying out."""
    if request.node.get_closest_marker("real_press") is None:
        remembering_press.put_up(monkeypatch)


@pytest.fixture(scope="session")
def kept_states() -> Iterator[KeptStates]:
    """What tests of this process begin with."""
    states = KeptStates()
    yield states
    states.close()


@pytest.fixture
def keep(
    request: pytest.FixtureRequest, settings: Settings, session: Session, kept_states: KeptStates
) -> Keep:
    """Bring about a state of this name, made by the function where no test of the file has yet.

    What the function gives back, a number, is that of the first time.
    """

    def run(name: str, make: Callable[[], int]) -> int:
        session.rollback()
        if request.node.get_closest_marker("real_press") is not None:
            return make()
        kept = kept_states.give(f"{request.path}: {name}", settings, session, make)
        session.rollback()
        session.expire_all()
        return kept

    return run


@pytest.fixture
def fresh_pages(app: Flask) -> None:
    """Public pages are made anew at each look."""
    app.extensions["page_cache"] = PageCache(recheck_seconds=0)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """An open campaign, committed."""
    open_campaign = make_campaign(session)
    session.commit()
    return open_campaign


@pytest.fixture
def case(campaign: Campaign) -> str:
    """Address of its page in English."""
    return f"/en/actions/{campaign.slug}"
