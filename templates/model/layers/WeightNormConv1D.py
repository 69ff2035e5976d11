class TFModelWeightNormConv1D(TFModelWeightNorm, TFModelConv1D):
    """A convolution with a normalised kernel."""
