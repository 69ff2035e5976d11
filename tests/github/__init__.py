"""A stateful stand-in for GitHub, held to GitHub's own description of its API."""
