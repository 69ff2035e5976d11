"""The layout facets, one a file; scaffold.core.registry collects them."""
