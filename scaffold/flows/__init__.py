"""What the publishing commands do, one function `run(request, progress) -> result` each, without a word to the user.

Flows know git (`publish`), GitHub (`hosting`) and the stages (`pipeline`, `checklist`); the commands in `cli` ask and print.
Every flow looks before each write, so that running it again writes nothing. Source of truth: docs/architecture.md.
"""
