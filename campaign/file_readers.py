"""All that reads strangers' files, by name: what the process of `run_apart` loads. Pure."""

import encodings
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from PIL import Image

from campaign.core.errors import UnreadableFile
from campaign.core.isolation.confine import list_open_ways
from campaign.core.isolation.orders import WorkTable
from campaign.core.isolation.readers import adapter_of, name_of
from campaign.directory.imports.read_list import read_list, samples_of
from campaign.mail.bounce_reports import list_reports
from campaign.printing.redraw import cut_picture, draw_pages, paint_bars, redraw_picture
from campaign.replies.mime import read_email, read_head

READERS = (
    cut_picture, draw_pages, list_open_ways, list_reports, paint_bars, read_email, read_head,
    read_list, redraw_picture, samples_of,
)  # fmt: skip
_BY_NAME = {name_of(reader): reader for reader in READERS}


def _run(work: str, job: Mapping[str, Any], data: bytes) -> Mapping[str, object]:
    reader: Any = _BY_NAME[work]
    try:
        value = reader(data, **job)
    except UnreadableFile as problem:
        return {"unreadable": [problem.fault.sentence, problem.fault.values]}
    return {"value": adapter_of(reader).dump_json((value,)).decode()}


def _load() -> None:
    """Load what Python would load later: a child may not be able to."""
    Image.init()
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in {"mbcs", "oem"}:  # of Windows
            importlib.import_module(f"encodings.{module.name}")
    for reader in READERS:
        adapter_of(reader)


TABLE = WorkTable(run=_run, load=_load, failed="failed", reads_only=True)
