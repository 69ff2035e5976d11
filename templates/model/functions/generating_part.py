def _generating_part(config, kind: str, **kwargs) -> TFPreTrainedModel:
    """A part whose `generate` goes on from embeddings; the library's decoders refuse `inputs_embeds` there or overlook them."""
    model = _part_model(config, kind, **kwargs)
    if kind == "AutoModelForCausalLM":
        model.__class__ = type(type(model).__name__, (_GenerationFromEmbeddings, type(model)), {})
    return model


class _GenerationFromEmbeddings:
    def generate(self, *args, **kwargs):
        if kwargs.get("input_ids") is not None:  # new tokens are of 32 bits
            kwargs["input_ids"] = tf.cast(kwargs["input_ids"], tf.int32)
        return super().generate(*args, **kwargs)

    def prepare_inputs_for_generation(self, input_ids, inputs_embeds=None, past_key_values=None, **kwargs):
        inputs = super().prepare_inputs_for_generation(input_ids, past_key_values=past_key_values, **kwargs)
        if inputs_embeds is not None and past_key_values is None:
            # beam search keeps the beams in an axis of their own
            inputs_embeds = tf.reshape(inputs_embeds, [-1] + shape_list(inputs_embeds)[-2:])
            inputs |= {"input_ids": None, "inputs_embeds": inputs_embeds}
        return inputs
