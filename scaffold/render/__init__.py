"""Render the frames in templates/model/ and templates/tests/, and plan the model file and the test file."""

from __future__ import annotations

from scaffold.render.render import render

__all__ = ["render"]
