"""The same frozen bundles printed in two places give the same bytes."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.signature import Disclosure, Origin, Signature
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, Print
from tests.integration.bundles.test_print import zip_of

WORDS = (
    "",
    "I have followed this case for a year — à l’été, ¿quién la protege? ΑΒΓ абв.",
    "أكتب إليكم بشأن هذه القضية",
    "我关注此案已有一年。 이 사건을 지켜보고 있습니다。",
    "मैं इस मामले पर नज़र रखता हूँ। ฉันติดตามคดีนี้",
)
_PRINT = """
import os, sys
os.umask(int(sys.argv[1], 8))
from campaign.commands.print_bundle import bundle
for number in "12":
    which = [f"ua-{number}-26", "--mission", f"embassy-{number}", "--number", "1"]
    bundle.main([*which, *sys.argv[2:]], prog_name="campaign bundle", standalone_mode=False)
"""


def print_elsewhere(folder: Path) -> dict[str, str]:
    """Print both bundles in a process of its own that is unlike this one; sha256 of all files."""
    environment = {
        **os.environ,
        "CAMPAIGN_INSTANCE": str(folder),
        "TZ": "Asia/Kathmandu",
        "PYTHONHASHSEED": "77",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
    }
    arguments = ["--json", "--processes", "1", "--out", str(folder / "out")]
    process = subprocess.run(
        [sys.executable, "-c", _PRINT, "077", *arguments],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return sums_of([Path(json.loads(line)["zip"]) for line in process.stdout.splitlines()])


def sums_of(paths: list[Path]) -> dict[str, str]:
    """Of each ZIP, and of each file in it."""
    sums = {}
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                sums[f"{path.name}/{name}"] = sha256(archive.read(name)).hexdigest()
        sums[path.name] = sha256(path.read_bytes()).hexdigest()
    return sums


@pytest.mark.real_press
def test_printed_twice_they_are_the_same_to_the_last_byte(
    app: Flask,
    session: Session,
    settings: Settings,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    """A bundle of letters, and one of cards, here and where all but what was frozen differs."""
    bundles = []
    for form in ("letter", "card"):
        campaign = make_campaign(session, format=form)
        add_confirmed(
            session,
            campaign,
            5,
            own_words=lambda at, form=form: WORDS[at % len(WORDS)] if form == "letter" else "",
        )
        add_confirmed(
            session,
            campaign,
            2,
            disclosure=Disclosure.FULL,
            given_name="ليلى",
            family_name="حداد",
            own_words="",
        )
        for signature in add_confirmed(session, campaign, 3):
            signature.origin, signature.letters = Origin.PAPER, []
        session.commit()
        bundles.append(freeze(campaign.id, "es", volume_letters=5, on_paper=1))
        assert session.get_one(Bundle, bundles[-1]).frozen["on_paper"] == 3
        session.rollback()
    for campaign in session.scalars(select(Campaign)):
        campaign.person_name = "Amara Okafor"
    session.commit()
    assert session.query(Signature).count() == 20
    session.rollback()
    other = tmp_path / "other"
    shutil.copytree(settings.folder, other)
    with (
        closing(sqlite3.connect(str(make_url(settings.sqlalchemy_url).database))) as here,
        closing(sqlite3.connect(other / "campaign.sqlite")) as there,
    ):
        here.backup(there)
    assert [print_bundle(bundle_id) for bundle_id in bundles] == [BundleState.READY] * 2
    printed = sums_of([zip_of(app, bundle_id, tmp_path) for bundle_id in bundles])
    assert print_elsewhere(other) == printed
    assert len(printed) == 2 * (11 + 2 + 1)
