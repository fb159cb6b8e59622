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
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.signature import Disclosure, Origin, Signature
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze

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


def print_in(folder: Path, *, zone: str, seed: str, umask: str, processes: str) -> dict[str, str]:
    """Print both bundles in a process of its own; sha256 of each ZIP, and of each file in it."""
    environment = {
        **os.environ,
        "CAMPAIGN_INSTANCE": str(folder),
        "TZ": zone,
        "PYTHONHASHSEED": seed,
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
    }
    arguments = ["--json", "--processes", processes, "--out", str(folder / "out")]
    made = subprocess.run(
        [sys.executable, "-c", _PRINT, umask, *arguments],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    sums = {}
    for path in (Path(json.loads(line)["zip"]) for line in made.stdout.splitlines()):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                sums[f"{path.name}/{name}"] = sha256(archive.read(name)).hexdigest()
        sums[path.name] = sha256(path.read_bytes()).hexdigest()
    return sums


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_printed_twice_they_are_the_same_to_the_last_byte(
    session: Session, settings: Settings, freeze: Freeze, tmp_path: Path
) -> None:
    """A bundle of letters, and one of cards."""
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
        for one in add_confirmed(session, campaign, 3):
            one.origin, one.letters = Origin.PAPER, []
        session.commit()
        bundle_id = freeze(campaign.id, "es", volume_letters=5, on_paper=1)
        assert session.get_one(Bundle, bundle_id).frozen["on_paper"] == 3
        session.rollback()
    for campaign in session.scalars(select(Campaign)):
        campaign.person_name = "Amara Okafor"
    session.commit()
    assert session.query(Signature).count() == 20
    session.rollback()
    sides = [tmp_path / "one", tmp_path / "other"]
    for side in sides:
        shutil.copytree(settings.folder, side)
        with (
            closing(sqlite3.connect(str(make_url(settings.sqlalchemy_url).database))) as here,
            closing(sqlite3.connect(side / "campaign.sqlite")) as there,
        ):
            here.backup(there)
    first = print_in(sides[0], zone="America/Toronto", seed="1", umask="022", processes="1")
    second = print_in(sides[1], zone="Asia/Kathmandu", seed="77", umask="077", processes="2")
    assert first == second
    assert len(first) == 2 * (11 + 2 + 1)
