def _part_model(config, kind: str, **kwargs) -> TFPreTrainedModel:
    """The model of a part, whose configuration says which: TensorFlow's class of the name that PyTorch's `kind` has for it."""
    tables = {
        "AutoModel": MODEL_MAPPING_NAMES,
        "AutoModelForCausalLM": MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        "AutoModelForSeq2SeqLM": MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
        "AutoModelForTextEncoding": MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
    }
    names = tables[kind].get(config.model_type, ())
    name = f"TF{names if isinstance(names, str) else next(iter(names), config.model_type)}"
    model_class = getattr(importlib.import_module(__name__.partition(".")[0]), name, None)
    if model_class is None:
        raise NotImplementedError(
            f"{name} is missing: a part of this model is of type `{config.model_type}`, which has no TensorFlow model in "
            "this library. Add it, or choose a configuration whose parts have one."
        )
    return model_class(config, **kwargs)
