"""One file per torch family; every module-level `RULES` list and `Rule` object in them is a rule."""
