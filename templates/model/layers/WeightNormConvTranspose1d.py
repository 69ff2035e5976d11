class TFModelWeightNormConvTranspose1d(TFModelWeightNorm, TFModelConvTranspose1d):
    """A transposed convolution with a normalised kernel."""
