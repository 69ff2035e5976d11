"""The checklist's items, one family a file; each module's `ITEMS` is found by walking this folder."""
