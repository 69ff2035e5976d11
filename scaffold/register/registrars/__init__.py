"""One module per registration place and style; each declares a `REGISTRAR`."""
