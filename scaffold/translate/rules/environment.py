"""Questions about the process and its devices that have one answer in a TensorFlow port.

Source: torch's documentation, "torch.jit", "torch.compiler", "torch.cuda", "torch.distributed".
"""

from __future__ import annotations

from scaffold.translate.rule import Example, Rule

RULES: list[Rule] = []


def _fixed(name: str, value: str, args: tuple[str, ...] = (), result: str = "bool") -> Rule:
    return Rule(
        torch=f"torch.{name}",
        args=args,
        ignore=args,
        tf=value,
        result=result,
        note="Has one answer in a TensorFlow port.",
        examples=(Example(f"torch.{name}()", value, witness=False),),
    )


RULES += [
    _fixed("jit.is_tracing", "False"),
    _fixed("jit.is_scripting", "False"),
    _fixed("onnx.is_in_onnx_export", "False"),
    _fixed("compiler.is_compiling", "False"),
    _fixed("_dynamo.is_compiling", "False"),
    _fixed("is_autocast_enabled", "False", ("device_type",)),
    _fixed("is_grad_enabled", "False"),
    _fixed("are_deterministic_algorithms_enabled", "False"),
    _fixed("cuda.is_available", "False"),
    _fixed("cuda.device_count", "0", result="int"),
    _fixed("distributed.is_available", "False"),
    _fixed("distributed.is_initialized", "False"),
    _fixed("distributed.get_world_size", "1", ("group",), result="int"),
    _fixed("distributed.get_rank", "0", ("group",), result="int"),
    _fixed("get_default_dtype", "tf.float32", result="dtype"),
    _fixed("get_autocast_gpu_dtype", "tf.float16", result="dtype"),
    _fixed("device", "None", ("type", "index"), result="device"),
]
