"""Codes of bringing a model of a 5.x tree along: rows of the catalogue in codes.py (code, title, explanation)."""

from __future__ import annotations

BACKPORT = (
    (
        "BKP101",
        "no usable 5.x tree",
        "`--pytorch-from` takes the tree of a Transformers 5.x release (a folder, or what `--upstream` takes). It has "
        "`src/transformers` and no TensorFlow, and its files can be parsed. The message says what is wrong with this one.",
    ),
    (
        "BKP102",
        "a place that cannot be brought to 4.x",
        "The model's PyTorch file or its configuration does something in a way that 4.x does not have. What has another "
        "spelling there is rewritten: configurations as dataclasses, collected outputs, masks, attention functions, rotary "
        "embeddings, initialisation, ties. A function or class that the base lacks is copied into the file if it and what it "
        "needs are at most 120 lines that rest on the base. The message has the place in the 5.x tree that is neither; nothing "
        "was written. Change that place in a copy of the tree so that it does without, or bring the model over by hand and run "
        "`scaffold new-tf-model` without the flag.",
    ),
    (
        "BKP103",
        "a base that lists its models by hand",
        "Until 4.51 a model stands in several lists of the main `__init__`; a model that is brought along is registered only "
        "where the release finds its models by their folders: 4.52 to 4.57.",
    ),
    (
        "BKP104",
        "the base has the model",
        "`--pytorch-from` brings a model along that the base lacks. This one is there: port it without the flag.",
    ),
    (
        "BKP105",
        "a port with a model that was brought along",
        "`scaffold update` renders a port anew on the tree that it was made on, and that tree lacks the PyTorch model. Take the "
        "port back with `scaffold undo` and make it again with `--pytorch-from`, or edit the branch by hand.",
    ),
)
