"""What libraries and uncaught failures put into a log quotes nobody."""

import subprocess
import sys

import pytest

SECRET = "Plantina"
START = """
import logging, sys, threading
from pathlib import Path
from campaign.core import logs
from campaign.core.settings import load_settings
logs.init(load_settings(instance=Path(sys.argv[1]), mode="production",
                        secret_key="k3Jv9QmZ2pLr8TnXw5YbHd7Gf4Sa6Ue1",
                        base_url="https://letters.example.org", mail_from="post@example.org",
                        second_factor_waived=True,
                        mail_transport="smtp", smtp_host="localhost", organisation_name="Org"))
def fail():
    raise ValueError("Plantina")
"""
WAYS = {
    "a library logs a failure": "try: fail()\nexcept ValueError: logging.exception('at Plantina')",
    "a library logs what it was given": "logging.getLogger('x').error('at %s', 'Plantina')",
    "nothing catches it": "fail()",
    "a thread ends": "thread = threading.Thread(target=fail); thread.start(); thread.join()",
    "a destructor fails": "class A:\n    def __del__(self): fail()\nA()",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_is_named_by_kind_and_place(way: str, tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START + WAYS[way], str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert SECRET not in done.stderr + done.stdout
    expected = "ERROR x at %s" if "given" in way else "ValueError at <string>"
    assert expected in done.stderr
