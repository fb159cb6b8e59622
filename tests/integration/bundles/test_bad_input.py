"""Whatever comes in, each letter is printed right or set aside, and the totals agree."""

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.volumes import print_jobs, print_queue
from campaign.core.errors import Refused
from campaign.core.isolation import worker
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.models.bundle import BundleState, Volume, VolumeState
from campaign.models.signature import Letter
from campaign.storage import FilesAway
from tests.commands import Commands
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_print import zip_of

SENTENCE = "She has followed the case from the first day, and will not be silent about it. "
OWN_WORDS = {
    "plain": "I have followed this case for a year.",
    "3,000 characters": (SENTENCE * 40)[:3000],
    "20,000 characters": (SENTENCE * 260)[:20_000],
    "5,000 letters without a space": "x" * 5000,
    "Arabic": "أكتب إليكم بشأن هذه القضية",
    "Hebrew": "אני כותבת אליכם בעניין זה",
    "Hindi": "मैं इस मामले पर नज़र रखती हूँ। क्षत्रिय, त्रुटि।",
    "Thai": "ฉันติดตามคดีนี้มาหนึ่งปีแล้ว",
    "Chinese": "我关注此案已有一年。",
    "Japanese": "この事件を一年間見守ってきました。",
    "Korean": "이 사건을 일 년 동안 지켜보았습니다.",
    "mixed directions": "I wrote أكتب to שלום you, twice (مرتين).",
    "combining marks": "e\u0301le\u0300ve n\u0303ino q\u0323\u0307",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e",
    "emoji": "I hope \U0001f600",
    "a glyph nobody has": "I write \U000e0fff",
    "an override": "I write \u202egnorw",
}
ASIDE = {
    "emoji": "missing-glyph",
    "a glyph nobody has": "control-character",
    "an override": "control-character",
}


def test_every_text_is_printed_or_set_aside_with_its_reason(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    texts = list(OWN_WORDS.values())
    add_confirmed(session, campaign, len(texts), own_words=lambda at: texts[at])
    names = ["O", "Ana " * 29 + "Anas", "王小明", "ليلى حداد"]
    add_confirmed(
        session, campaign, len(names), given_name=lambda at: names[at], family_name="", own_words=""
    )
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert result.findings == []
    aside = {
        list(OWN_WORDS)[(number or 0) - 1]: slug
        for number, slug in session.execute(
            select(Letter.sequence, Letter.set_aside).where(Letter.set_aside.is_not(None))
        )
    }
    assert aside == ASIDE
    assert result.letters + result.set_aside == len(texts) + len(names)
    pages = Counter(session.scalars(select(Letter.pages).where(Letter.pages.is_not(None))))
    assert sum(count * number for count, number in pages.items()) == result.pages
    assert pages[2] >= 1


@pytest.mark.parametrize("lines", [[], [f"Line {n}" for n in range(9)]])
def test_a_mission_without_address_or_with_nine_lines_of_it_freezes_nothing(
    session: Session, freeze: Freeze, lines: list[str]
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.address = lines
    if not lines:
        mission.locality = mission.region = mission.postal_code = ""
        mission.head_of_mission, mission.name = "", {}
    campaign_id = campaign.id
    session.commit()
    with pytest.raises(Refused, match="address-does-not-fit") as refused:
        freeze(campaign_id)
    assert refused.value.data["why"] == ("too-many-lines" if lines else "missing")
    assert session.scalar(select(func.count(Letter.id)).where(Letter.bundle_id.is_(None))) == 2


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a disk that is full: the kernel refuses to write more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.real_press
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_files_that_are_away_or_a_full_disk_cost_time_and_leave_nothing_half_written(
    app: Flask,
    session: Session,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None

    def away(*_: object) -> None:
        raise FilesAway("GenericError")

    try:
        with monkeypatch.context() as patched:
            patched.setattr(app.extensions["storage"].place, "taking", away)
            with pytest.raises(FilesAway):
                print_jobs.print_claimed(taken)
        assert reload(session, bundle_id).volumes[0].state is VolumeState.WAITING
        session.execute(update(Volume).values(lease_until=None))
        session.commit()
        taken = print_queue.claim_next(bundle_id)
        assert taken is not None
        worker.close_all()  # the next process has the limit from its start
        with files_no_larger_than(2000), pytest.raises((WorkProcessStopped, OSError)):
            print_jobs.print_claimed(taken)
    finally:
        worker.close_all()
    volume = reload(session, bundle_id).volumes[0]
    assert (volume.state, volume.sha256) == (VolumeState.WAITING, None)
    assert not list(storage.storage().names())
    volume.lease_until = None
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert list(session.scalars(select(Letter.set_aside))) == [None] * 2
    assert (result.findings, result.letters) == ([], 2)


def test_where_a_worker_is_killed_for_its_memory_another_goes_on(
    app: Flask,
    session: Session,
    freeze: Freeze,
    print_bundle: Print,
    commands: Commands,
    tmp_path: Path,
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=2)
    url = app.extensions["settings"].sqlalchemy_url
    code = (
        "import os, resource\n"
        "from campaign import create_app\n"
        "from campaign.bundles.volumes import print_queue\n"
        "with create_app().app_context():\n"
        f"    assert print_queue.claim_next({bundle_id})\n"
        "    os.kill(os.getpid(), 9)  # as the kernel does where memory has run out\n"
    )
    environment = {
        "CAMPAIGN_INSTANCE": str(app.extensions["settings"].folder),
        "CAMPAIGN_DATABASE_URL": url,
        "PATH": "/usr/bin:/bin",
    }
    assert commands.run_code(code, [], environment) == -9
    session.rollback()
    first = session.scalars(select(Volume).order_by(Volume.sequence)).first()
    assert first is not None
    assert first.state is VolumeState.PRINTING
    first.lease_until = None
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert list(session.scalars(select(Letter.set_aside))) == [None] * 4
    assert (result.findings, result.letters) == ([], 4)
