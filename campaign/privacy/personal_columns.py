"""What the personal columns of a row hold once nobody is in it. Pure."""

import os
from typing import Any

from campaign.core.db import PERSONAL, Base


def empty_values(model: type[Base], *, counted: bool) -> dict[str, Any]:
    """Return what empties a row's personal columns; those that figures are made of if `counted`."""
    marked = ((column, column.info.get(PERSONAL)) for column in model.__table__.columns)
    return {
        column.key: mark.empty for column, mark in marked if mark and (counted or not mark.counted)
    }


def no_fingerprint() -> bytes:
    """Stands for a fingerprint, which tells to who has the key that an address signed."""
    return os.urandom(32)
