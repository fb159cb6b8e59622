"""What a view of the desk gives back: a page, or the next one with what was done."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from campaign.core.errors import Invalid, Refused
from campaign.web.desk_form import DeskForm


def redirect_to(
    endpoint: str, message: str = "", category: str = "message", /, **values: Any
) -> ResponseReturnValue:
    """Lead to another page, which says the message."""
    if message:
        flash(message, category)
    return redirect(url_for(endpoint, **values), 303)


def accepted(form: DeskForm, action: Callable[[], object], *, refused: object = None) -> bool:
    """Do `action`; what it finds invalid goes to the form's fields, with False.

    With `refused`, the sentence for where the state of things does not allow it, Refused as well.
    """
    try:
        action()
    except Invalid as problem:
        form.refuse_problem(problem)
        return False
    except Refused:
        if refused is None:
            raise
        form.form_errors.append(refused)
        return False
    return True
