"""Pages of a stranger's PDF as pictures, drawn in a process of its own that can be killed.

`draw` runs this file, which reads the PDF from stdin and answers with pictures, each after its
length: what goes wrong in there (a crash, no end, no memory) ends there. It runs by itself, without
the package around it: nothing of the application is loaded in there, and it begins seconds sooner.
"""

import io
import resource
import struct
import subprocess
import sys

SIDE = 2000
"""Longest side of a drawn page, in pixels."""
_SECONDS = 40
_MEMORY = 1_500_000_000
_LENGTH = struct.Struct(">I")


class CannotDraw(Exception):
    """It is no PDF, it is locked, or drawing it would not end."""


def draw(pdf: bytes, *, most: int) -> list[bytes]:
    """Return the first `most` pages as JPEG. Raises CannotDraw."""
    try:
        drawing = subprocess.run(  # noqa: S603 — our own module, no word of the PDF
            [sys.executable, "-P", __file__, str(most)],
            input=pdf,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as problem:
        raise CannotDraw from problem
    pages, rest = [], drawing.stdout
    while rest:
        (length,) = _LENGTH.unpack_from(rest)
        pages.append(rest[_LENGTH.size : _LENGTH.size + length])
        rest = rest[_LENGTH.size + length :]
    if not pages:
        raise CannotDraw
    return pages


def main() -> None:
    """The process: stdin to stdout, within its limits."""
    import pypdfium2  # noqa: PLC0415 — only in here: what imports this module never loads it

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    for number in range(min(len(document), int(sys.argv[1]))):
        page = document[number]
        width, height = page.get_size()
        scale = min(SIDE / max(width, height, 1), 200 / 72)
        picture = page.render(scale=scale).to_pil().convert("RGB")
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80, optimize=True)
        sys.stdout.buffer.write(_LENGTH.pack(out.tell()) + out.getvalue())


if __name__ == "__main__":
    main()
