"""Find a model in a checkout and how that checkout spells the places a port touches."""

from scaffold.locate.locate import check_checkout, facets, is_checkout, locate

__all__ = ["check_checkout", "facets", "is_checkout", "locate"]
