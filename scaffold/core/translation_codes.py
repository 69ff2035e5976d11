"""Codes of the translator: rows of the catalogue in codes.py (code, title, explanation)."""

from __future__ import annotations

TRANSLATION = (
    (
        "TFP001",
        "not a Python module",
        "The file to translate cannot be parsed as Python, or is far larger than any model file. Repair it, or name the right "
        "one.",
    ),
    (
        "TFP002",
        "the generated file does not parse",
        "The formatter refused the translation. That is a bug of the translator; please report it with the PyTorch file.",
    ),
    (
        "TFP101",
        "no rule",
        "No rule translates this torch function, method or layer. The call is left in the file under a marker: write its "
        "TensorFlow form by hand, or add a rule to the translator.",
    ),
    (
        "TFP102",
        "an argument has no counterpart",
        "A rule exists, but not for this way of calling: an argument or one of its values has no TensorFlow counterpart. The "
        "message names it; rewrite the call without it.",
    ),
    (
        "TFP103",
        "arguments are unpacked",
        "The call passes `*arguments` or `**arguments`, so what each of them is cannot be read from the source. Write the "
        "arguments out.",
    ),
    (
        "TFP108",
        "a name without a counterpart",
        "A name that the PyTorch file imports or defines is used in the translation and has no TensorFlow counterpart.",
    ),
    (
        "TFP109",
        "PyTorch is left over",
        "After translating, a reference to torch remained somewhere no rule had refused. It is marked so that it cannot pass "
        "unnoticed.",
    ),
    (
        "TFP110",
        "a rank is not known",
        "The TensorFlow form depends on how many dimensions a tensor has, and the probe did not reach this line or saw several "
        "ranks there.",
    ),
    (
        "TFP111",
        "an argument must be a literal",
        "The TensorFlow call differs with the value of an argument (an axis, a reduction, an interpolation mode), so the "
        "value must stand in the source. Write the number or string there, or translate the call by hand.",
    ),
    (
        "TFP113",
        "a tensor is reinterpreted",
        "`tensor.view(dtype)` reads the same bytes as another type. `tf.bitcast` does that; check the shape it gives.",
    ),
    (
        "TFP114",
        "neither a dtype nor a device",
        "`tensor.to(x)` casts when `x` is a dtype or a tensor and does nothing when it is a device. The probe did not "
        "reach the call and the name does not tell which is meant: write `.to(dtype=x)` or drop the call.",
    ),
    (
        "TFP120",
        "an assignment into a tensor",
        "`tensor[index] = value` changes a tensor in place, which TensorFlow cannot do, and the form of the index is none that "
        "can be rewritten. Build the tensor with tf.concat, tf.where or tf.tensor_scatter_nd_update.",
    ),
    (
        "TFP121",
        "an index without a TensorFlow form",
        "This combination of tensors, slices and ellipses as indices has no TensorFlow form. Use tf.gather_nd on explicit "
        "indices.",
    ),
    (
        "TFP122",
        "a past that has rules of its own",
        "A layer keeps keys in a window of its own, or generation drops the past under a condition. TensorFlow's "
        "generation hands over the last token alone, and a port keeps nothing between calls, so it agrees with PyTorch's "
        "`use_cache=False` only.",
    ),
    (
        "TFP130",
        "a parameter's shape is not written",
        "The shape of an `nn.Parameter` is not visible where it is created. Create the weight in `build()` by hand.",
    ),
    (
        "TFP131",
        "a layer of two input sizes",
        "A layer is created with different input sizes in different branches; the entry in `build()` has to be written by hand.",
    ),
    (
        "TFP132",
        "a weight shared between layers",
        "The constructor gives a layer the weight of another one. In Keras a weight belongs to the layer that created it: share "
        "the whole layer, or compute with the other layer's weight.",
    ),
    (
        "TFP133",
        "the library's base class or decorator does the work",
        "A class gets a method or its outputs from a base class or a decorator of the library "
        "(`GenericForSequenceClassification`, `check_model_inputs`) that no rule wrote out. Write it "
        "into the PyTorch file as older models have it, or into the port.",
    ),
    (
        "TFP134",
        "PyTorch's default attention computes something else",
        "A port follows the eager attention. The model gives other numbers with the one that PyTorch takes unless told otherwise "
        "(`scaled_dot_product_attention`): a bias counts twice in one of them, or only one is causal. Compare with "
        '`attn_implementation="eager"`, and correct the port by hand where the other one is right.',
    ),
    (
        "TFP140",
        "a class of unknown kind",
        "The class derives from something that is neither a module nor a model. Write it as a Keras layer.",
    ),
)
