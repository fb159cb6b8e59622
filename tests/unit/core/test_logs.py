"""What libraries and uncaught failures put into a log quotes nobody."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECRET = "Plantina"
START = """
import logging, sys, threading, types
from pathlib import Path
package = types.ModuleType("campaign")  # `campaign/__init__.py` would import all of it
package.__path__ = ["campaign"]
sys.modules["campaign"] = package
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
    "a thread ends": "thread = threading.Thread(target=fail); thread.start(); thread.join()",
    "a destructor fails": "class A:\n    def __del__(self): fail()\nA()",
    "nothing catches it": "fail()",
}
"""Each in turn, in one process; the last ends it."""
MARK = "-- "


def test_a_failure_is_named_by_kind_and_place(tmp_path: Path) -> None:
    ways = [
        f"print({MARK + name!r}, file=sys.stderr, flush=True)\n{code}\n"
        for name, code in WAYS.items()
    ]
    done = subprocess.run(
        [sys.executable, "-c", START + "".join(ways), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert SECRET not in done.stderr + done.stdout
    logged = dict(part.split("\n", 1) for part in done.stderr.split(MARK)[1:])
    assert logged.keys() == WAYS.keys()
    for name, lines in logged.items():
        assert ("ERROR x at %s" if "given" in name else "ValueError at <string>") in lines, name
