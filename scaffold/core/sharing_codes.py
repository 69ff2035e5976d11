"""Codes of converting weights and sharing them: rows of the catalogue in codes.py (code, title, explanation)."""

from __future__ import annotations

SHARING = (
    (
        "WGT101",
        "the checkpoint cannot be converted",
        "The folder holds no PyTorch checkpoint that can be read (`model.safetensors` or `pytorch_model.bin`, one file or "
        "several with their index), the clone has no TensorFlow class for the architecture in `config.json`, or the "
        "checkpoint lacks a tensor that the class needs. The message says which. Give the clone that has the port with "
        "`--repo`, or the class with `--class`.",
    ),
    (
        "WGT102",
        "the converted model differs",
        "Outputs or hidden states of the converted model differ from PyTorch's by more than `--max-error`, or could not be "
        "compared; nothing was written. `scaffold compare` finds the layer. Large activations can make a difference a "
        "little over the limit a matter of rounding: then give a larger `--max-error`, and say so in the pull request.",
    ),
    (
        "WGT103",
        "the folder is in use",
        "The folder that the converted weights would go to exists and holds something else. Nothing was written; choose "
        "another one with `--into`.",
    ),
    (
        "WGT104",
        "the Hub refused",
        "The Hugging Face Hub does not know the repository, the token has no right to it, or it did not answer. Log in with "
        "`hf auth login` (or `huggingface-cli login`), or set HF_TOKEN. A repository may be private or gated: then the "
        "account must have been granted access.",
    ),
    (
        "WGT105",
        "huggingface_hub is missing",
        "Downloading from the Hub and opening pull requests there is done with the package `huggingface_hub`, which is not "
        "installed beside scaffold: `pip install huggingface_hub`. A local folder is converted without it.",
    ),
    (
        "DEM101",
        "no demo for the task",
        "None of the port's classes has a head for the task that was asked for; the message lists those there are.",
    ),
    (
        "DEM102",
        "no checkpoint is known",
        "The TensorFlow file names no checkpoint in its documentation, and none was given. Give one with `--checkpoint`.",
    ),
    (
        "DEM103",
        "the demo's folder holds other files",
        "A file that would be written exists with other contents: you have edited it, perhaps. Nothing was written. Choose "
        "another folder with `--into`, or remove the file.",
    ),
)
