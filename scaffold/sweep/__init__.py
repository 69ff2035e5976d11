"""Translate and verify many models of one checkout, each in a process of its own, and tell what came of them.

Nothing is written to the checkout. Source of truth for a row's keys: `scaffold/sweep/task.py`.
"""
