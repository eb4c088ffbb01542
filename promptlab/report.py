"""Pages of their own: one file that needs no network and no script to be read."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path

from promptlab._errors import SettingError
from promptlab._show import one_line
from promptlab._wholefile import write_whole

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the page allows itself: its own styles and nothing else, so that nothing in it can run or call home."""

TITLE_LENGTH = 120

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 24px; background: #ffffff; color: rgba(0, 0, 0, .87); }
main { max-width: 1200px; margin: 0 auto; }
summary { cursor: pointer; }
@media (prefers-color-scheme: dark) { body { background: #111111; color: rgba(255, 255, 255, .87); } }
@media print {
  body { margin: 0; background: #ffffff; color: #000000; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""


def page(title: str, parts: Sequence[str]) -> str:
    """Make a page of parts that are HTML already.

    Args:
        title: Plain text; escaped here.
        parts: HTML in which every word of others has been escaped, as records and comparisons write it.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(one_line(title, TITLE_LENGTH))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}\n</main>\n</body>\n</html>\n"
    )


def check_place(path: str | os.PathLike[str] | None) -> None:
    """Check, before anything is paid for, that a file can be written where it is to go.

    Args:
        path: Where; None for nowhere.

    Raises:
        SettingError: Its folder does not exist, or it is a folder itself.
    """
    if path is None:
        return
    place = Path(path).expanduser()
    if place.is_dir():
        raise SettingError(f"cannot write {place}: it is a folder")
    if not place.parent.is_dir():
        raise SettingError(f"cannot write {place}: there is no folder {place.parent}")


def write(path: str | os.PathLike[str], title: str, parts: Sequence[str]) -> Path:
    """Write a page to a file, whole or not at all, and give its path.

    Raises:
        SettingError: The file cannot be written.
    """
    return write_whole(path, [page(title, parts).encode()])
