"""Keep tokens out of everything that is shown, logged or stored: known values and anything that looks like a token.

Source of the shapes: GitHub's and Hugging Face's documented token prefixes; addresses with a user part (RFC 3986, 3.2.1).
"""

from __future__ import annotations

import os
import re

HIDDEN = "•••"

_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|hf_[A-Za-z0-9]{16,})"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=[Aa]uthorization: )\S+ \S+"
)

#: Where GitHub's and the Hub's own clients look for a token.
VARIABLES = (
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
)

_known: set[str] = set()


def environment_without_tokens() -> dict[str, str]:
    """This process' environment for programs that run foreign code, such as a clone's `setup.py`."""
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}


def remember(value: str) -> None:
    """From now on `redact` hides this value, in any text. Short values are refused: they would blot out words."""
    if len(value) < 8:
        raise ValueError("a secret of fewer than 8 characters cannot be hidden reliably")
    _known.add(value)


def redact(text: str) -> str:
    """The text with every remembered secret, and everything shaped like one, replaced."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _SHAPES.sub(HIDDEN, text)
