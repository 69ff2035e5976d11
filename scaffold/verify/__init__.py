"""Verify a port: every class, every output, against what PyTorch answered to the probe's cases."""

from scaffold.verify.localise import Divergence, localise
from scaffold.verify.render import to_markdown, to_text
from scaffold.verify.runner import verify
from scaffold.verify.stored import from_json, to_json

__all__ = ["Divergence", "from_json", "localise", "to_json", "to_markdown", "to_text", "verify"]
