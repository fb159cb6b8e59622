"""Whole numbers as strangers type them."""

import pytest
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Form

from campaign.web.form_fields import NumberField


class _Form(Form):
    count = NumberField("", most=50, words=_l("Enter a whole number up to %(max)s."))


@pytest.mark.parametrize(
    ("typed", "is_taken"),
    [("50", True), (" 7 ", True), ("", True), ("51", False), ("x", False), ("9" * 400, False)],
)
def test_a_number_of_any_length_is_judged(typed: str, is_taken: bool) -> None:
    assert _Form(MultiDict({"count": typed})).validate() == is_taken
