"""What 5.x says in one way and every 4.x in another: initialisation, attention, kernels, autocast, ties, checks.

Source: the modelling files of 4.47 to 4.57 beside those of 5.x. Each rule leaves a module without its construct alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from scaffold.backport import ties
from scaffold.backport.refusal import refused
from scaffold.core.longhand.splice import Edit, Source, bases, called, first_statement, keyword, method

#: Decorators that choose a faster kernel; without them the code below runs as it stands.
_KERNELS = (
    "use_kernel_func_from_hub",
    "use_kernelized_func",
    "use_experts_implementation",
    "use_kernel_forward_from_hub",
)

#: Functions of `initialization` that are PyTorch's own, guarded against weights that are loaded; 4.x guards whole modules.
_INIT = frozenset(
    "uniform_ normal_ constant_ ones_ zeros_ eye_ dirac_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ "
    "trunc_normal_ orthogonal_ sparse_".split()
)

_BY_HAND = "bring the model over by hand, then run new-tf-model without --pytorch-from"


def renamed_base(source: Source) -> Source:
    """`PreTrainedConfig` is `PretrainedConfig` in 4.x."""
    names = [n for n in ast.walk(source.tree) if isinstance(n, ast.Name) and n.id == "PreTrainedConfig"]
    aliases = [alias for _, alias in source.imports() if alias.name == "PreTrainedConfig"]
    edits = [source.replaced(n, "PretrainedConfig") for n in names]
    return source.edited([*edits, *(source.replaced(a, "PretrainedConfig") for a in aliases)])


def without_kernels(source: Source) -> Source:
    """Drop what exchanges a function or a module for a kernel from the Hub."""
    nodes = [n for n in ast.walk(source.tree) if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    return source.edited(source.without_decorator(d) for n in nodes for d in n.decorator_list if called(d) in _KERNELS)


def initialisation(source: Source) -> Source:
    """`init.normal_(…)` of the library's guarded functions; `init.copy_(a, b)` is an assignment in place."""
    alias = source.imported_as("initialization")
    if alias is None:
        return source
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if ast.unparse(node.func.value) != alias:
            continue
        name = node.func.attr
        if name in _INIT:
            edits.append(source.replaced(node.func, f"nn.init.{name}"))
        elif name == "copy_" and len(node.args) == 2:
            target, value = (source.segment(argument) for argument in node.args)
            edits.append(source.replaced(node, f"{target}.data.copy_({value})"))
        elif name in ("lecun_normal_", "default_flax_embed_init_") and len(node.args) == 1:
            kind = "trunc_normal_" if name == "lecun_normal_" else "normal_"
            fan = f"nn.init._calculate_fan_in_and_fan_out({source.segment(node.args[0])})[0]"
            scale = " / 0.87962566103423978" if name == "lecun_normal_" else ""
            edits.append(
                source.replaced(node, f"nn.init.{kind}({source.segment(node.args[0])}, std={fan} ** -0.5{scale})")
            )
        else:
            raise refused(
                source.path, node.lineno, f"initialization.{name}", "4.x has no such initialisation", _BY_HAND
            )
    return source.edited(edits)


def attention_interface(source: Source) -> Source:
    """`ALL_ATTENTION_FUNCTIONS.get_interface(name, default)`, which 4.x spells as a choice of two statements."""
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        value = getattr(node, "value", None)
        if not (isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Call)):
            continue
        if ast.unparse(value.func) != "ALL_ATTENTION_FUNCTIONS.get_interface" or len(value.args) != 2:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name, kind, default = source.segment(target), source.segment(value.args[0]), source.segment(value.args[1])
        lines = [
            f"{name}: Callable = {default}",
            f'if {kind} != "eager":',
            f"    {name} = ALL_ATTENTION_FUNCTIONS[{kind}]",
        ]
        edits.append(_statement(source, node, lines))
    return source.edited(edits)


def autocast(source: Source) -> Source:
    """`maybe_autocast(…, enabled=False)` only spares a compiler work."""
    found = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call) and called(n) == "maybe_autocast"]
    return source.edited(source.replaced(n.func, "torch.autocast") for n in found)


def checks(source: Source) -> Source:
    """`torch_compilable_check(condition, message)` is an `if` with a `raise`; questions about compilers have their answers."""
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if called(call) == "torch_compilable_check" and len(call.args) == 2:
                error = keyword(call, "error_type")
                raised = ast.unparse(error) if error is not None else "ValueError"
                test, message = (ast.unparse(argument) for argument in call.args)
                edits.append(_statement(source, node, [f"if not ({test}):", f"    raise {raised}({message})"]))
        elif isinstance(node, ast.Call) and called(node) == "is_tracing":
            edits.append(source.replaced(node, "torch.jit.is_tracing()"))
        elif isinstance(node, ast.Call) and called(node) == "is_flash_attention_requested" and len(node.args) == 1:
            config = source.segment(node.args[0])
            edits.append(source.replaced(node, f'({config}._attn_implementation == "flash_attention_2")'))
    return source.edited(edits)


def _statement(source: Source, node: ast.stmt, lines: list[str]) -> Edit:
    margin = " " * node.col_offset
    return source.replaced(node, f"\n{margin}".join(lines))


def merged_defaults(source: Source) -> Source:
    """`@merge_with_config_defaults` written out: `use_cache` that nobody gave is the configuration's."""
    edits: list[Edit] = []
    for owner in source.classes.values():
        forward = method(owner, "forward")
        for decorator in forward.decorator_list if forward is not None else ():
            if called(decorator) != "merge_with_config_defaults":
                continue
            assert forward is not None
            edits.append(source.without_decorator(decorator))
            names = {a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)}
            lines = [
                f"{name} = {name} if {name} is not None else self.config.{name}"
                for name in (
                    "use_cache",
                    "vision_feature_layer",
                    "vision_feature_select_strategy",
                    "vision_aspect_ratio",
                )
                if name in names
            ]
            if lines:
                edits.append(source.before(first_statement(forward), lines))
    return source.edited(edits)


def backbones(source: Source) -> Source:
    """4.x fills in a backbone's stages by a call in the constructor; 5.x does so by itself."""
    edits: list[Edit] = []
    for owner in source.classes.values():
        init = method(owner, "__init__")
        if "BackboneMixin" not in bases(owner) or init is None or "_init_backbone" in source.segment(init):
            continue
        made = next((s for s in init.body if source.segment(s).startswith("super().__init__(")), None)
        if made is not None:
            edits.append(source.after(made, ["super()._init_backbone(config)"]))
        forward = method(owner, "forward")
        edits += [
            source.without_decorator(d)
            for d in (forward.decorator_list if forward is not None else ())
            if called(d) == "filter_output_hidden_states"
        ]
    return source.edited(edits)


def unions(source: Source) -> Source:
    """`X | None` in signatures is `Optional[X]`: 4.x runs on Python 3.9, and its decorators read the names of the hints."""
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            hints = [a.annotation for a in every if a is not None] + [node.returns]
        elif isinstance(node, ast.AnnAssign):
            hints = [node.annotation]
        else:
            hints = []
            if isinstance(node, ast.Call) and called(node) in ("isinstance", "issubclass") and len(node.args) == 2:
                kinds = _alternatives(node.args[1])
                if len(kinds) > 1:
                    edits.append(source.replaced(node.args[1], f"({', '.join(source.segment(k) for k in kinds)})"))
        edits += [source.replaced(h, _optional(h)) for h in hints if h is not None and _has_union(h)]
    return source.edited(edits)


def _has_union(hint: ast.expr) -> bool:
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr) for n in ast.walk(hint))


def _alternatives(hint: ast.expr) -> list[ast.expr]:
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return [*_alternatives(hint.left), *_alternatives(hint.right)]
    return [hint]


def _optional(hint: ast.expr) -> str:
    class Written(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            kinds = [ast.unparse(self.visit(kind)) for kind in _alternatives(node)]
            others = [kind for kind in kinds if kind != "None"]
            text = others[0] if len(others) == 1 else f"Union[{', '.join(others)}]"
            text = f"Optional[{text}]" if len(others) < len(kinds) else text
            return ast.parse(text, mode="eval").body

    return ast.unparse(Written().visit(ast.parse(ast.unparse(hint), mode="eval").body))


def kept_in_float32(source: Source) -> Source:
    """`_keep_in_fp32_modules` of 5.x names buffers and paths as well; 4.x knows modules and parameters by one name alone."""
    edits: list[Edit] = []
    for node in [item for owner in source.classes.values() for item in owner.body]:
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("_keep_in_fp32_modules")
        if isinstance(node, ast.Assign) and named and isinstance(node.value, ast.List):
            names = [str(ast.literal_eval(name)).split(".")[-1] for name in node.value.elts]
            kept = [name for name in names if f'register_buffer("{name}"' not in source.text]
            text = f"[{', '.join(repr(name) for name in kept)}]"
            edits.append(source.replaced(node.value, text) if kept else source.without_lines(node))
    return source.edited(edits)


RULES: tuple[Callable[[Source], Source], ...] = (
    renamed_base,
    without_kernels,
    initialisation,
    attention_interface,
    autocast,
    ties.listed,
    checks,
    backbones,
    merged_defaults,
    kept_in_float32,
    unions,
)
