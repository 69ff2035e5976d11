"""Pure data shared by all stages: standard library only, no side effects on import."""
