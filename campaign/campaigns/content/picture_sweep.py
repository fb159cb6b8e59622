"""Pictures that no case and no post shows any more are removed.

One that is replaced, or whose campaign or post is deleted, may be shown elsewhere: it is named by
what it holds. So nothing is deleted at once, and this looks once an hour. Who sends the same
picture once more writes its file anew, before its row is saved: a young file is left alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.pictures import FOLDER
from campaign.core import db, jobs
from campaign.core.batches import batched
from campaign.models.campaign import Campaign, Update, UpdatePicture
from campaign.models.proposal import Proposal
from campaign.storage import storage

log = structlog.get_logger()
_AGE = timedelta(days=1)
"""A younger one may belong to a form that is being saved."""
_BATCH = 300
_SHOWN = (
    Campaign.picture,
    Campaign.picture_wide,
    Campaign.picture_small,
    Update.picture,
    UpdatePicture.key,
    Proposal.picture,
)


@jobs.job("campaigns.sweep-pictures", every_minutes=60)
def sweep_pictures() -> None:
    """Remove pictures sent in more than a day ago that nothing refers to any more."""
    before = db.utcnow() - _AGE
    removed = sum(_sweep(names, before) for names in batched(storage().names(FOLDER), _BATCH))
    if removed:
        log.info("pictures swept", files=removed)


def _sweep(names: Sequence[str], before: datetime) -> int:
    with db.reading() as session:
        orphans = set(names) - _shown(session, names)
    return sum(_remove(name, before) for name in orphans)


def _remove(name: str, before: datetime) -> bool:
    """Remove it, unless it came back since the others were looked at; its age is asked last."""
    with db.reading() as session:
        if _shown(session, [name]):
            return False
    if not storage().is_older(name, before):
        return False
    storage().delete(name)
    return True


def _shown(session: Session, names: Sequence[str]) -> set[str]:
    """Those of them that a case, a post or a proposed one shows, public or not."""
    return {
        key for column in _SHOWN for key in session.scalars(select(column).where(column.in_(names)))
    }
