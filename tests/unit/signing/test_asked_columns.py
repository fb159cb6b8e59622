"""What the signing form asks is a marked column, and what goes by the mark has all of it."""

from dataclasses import fields

import pytest
from sqlalchemy import MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from campaign.core.db import Sealed
from campaign.core.db.personal_columns import asked, asked_columns, empty_values, personal
from campaign.exports.records import Source
from campaign.exports.write_file import HEADS
from campaign.models.export import ExportKind
from campaign.models.signature import ASKED, WORDS, Signature
from campaign.signing.form.forms import SigningForm
from campaign.signing.letter.compose import Writer
from campaign.signing.validate import SignedForm
from campaign.tracking.change_or_withdraw import EDITABLE

BESIDES = {
    "letter_locale": "the letter's language, of no person",
    "source": "what led here: kept, but not asked",
    "work": "the sum that keeps floods out",
    "receipt": "of the tab",
    "replaces": "of the tab",
    "text_shown": "of the pages Write and Check: which text of ours they showed",
    "town_is_right": "believed, and not kept",
    "consent_updates": "kept as the moment of agreeing",
    "consent_network": "kept as the moment of agreeing",
}
"""Fields of the form that are no asked column, and why."""
EXPORTED = Source(ExportKind.FULL, 1, None, "UTC").columns


class _Base(DeclarativeBase):
    metadata = MetaData()


class _Added(_Base):
    __tablename__ = "added"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(Text, info=asked("none"))
    mark: Mapped[str] = mapped_column(Text, info=personal(""))
    region: Mapped[str] = mapped_column(Text, info=asked("", counted=True))


def test_the_marks_of_any_table_are_found() -> None:
    assert asked_columns(_Added) == ("phone", "region")
    assert empty_values(_Added, counted=False) == {"phone": "none", "mark": ""}
    assert empty_values(_Added, counted=True).keys() == {"phone", "mark", "region"}


def test_every_field_of_the_form_is_an_asked_column() -> None:
    typed = {
        name for name in dir(SigningForm) if hasattr(getattr(SigningForm, name), "field_class")
    }
    assert typed - BESIDES.keys() == set(ASKED)


def test_what_is_sealed_of_a_signature_is_asked_but_for_whence_and_when_it_came() -> None:
    columns = Signature.__table__.columns
    sealed = {column.key for column in columns if isinstance(column.type, Sealed)}
    assert sealed - set(ASKED) == {"trace", "source", "exact_times"}


@pytest.mark.parametrize("name", ASKED)
def test_whoever_goes_by_the_mark_has_the_column(name: str) -> None:
    assert name in empty_values(Signature, counted=True)
    assert name in {field.name for field in fields(SignedForm)}
    assert name in EDITABLE or name == "email", "the mailbox is whose letter it is"
    assert name in WORDS or (name in EXPORTED and name in HEADS), "its head is in list_words"


def test_a_writer_has_nothing_that_is_not_asked() -> None:
    assert {field.name for field in fields(Writer)} <= set(ASKED)
