"""Which letters are out of our hands, as deliveries say it: they stand above screening."""

from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, or_

from campaign.models.signature import Letter, Signature


def init_app(app: Flask, *, is_gone: Callable[[], ColumnElement[bool]]) -> None:
    """`is_gone`: whether a letter is out of our hands."""
    app.extensions["letter_is_gone"] = is_gone


def is_gone() -> ColumnElement[bool]:
    rule: Callable[[], ColumnElement[bool]] = current_app.extensions["letter_is_gone"]
    return rule()


def has_gone_out() -> ColumnElement[bool]:
    """Whether all letters of a signature are out of our hands; none that was taken out is."""
    here = or_(Letter.bundle_id.is_(None), Letter.set_aside.is_not(None), ~is_gone())
    return and_(Signature.letters.any(), ~Signature.letters.any(here))
