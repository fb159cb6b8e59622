"""How a reader of files is called, and how its result passes between two processes."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter

T = TypeVar("T")


def name_of(read: Callable[..., object]) -> str:
    return f"{read.__module__}.{read.__name__}"


@cache
def adapter_of(read: Callable[..., T]) -> TypeAdapter[Any]:
    """Return what turns the reader's result into JSON and back, in a tuple of one."""
    result: Any = get_type_hints(read)["return"]
    return TypeAdapter(
        tuple[result], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    )
