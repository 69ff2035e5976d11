"""Bringing models of a 5.x tree along."""
