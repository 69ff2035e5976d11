"""How one torch API is written in TensorFlow: table rows, rewrite functions and layer rules, with their examples.

Source of the signatures: `torch.overrides.get_testing_overrides()` and the documentation of torch 2.x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.callsite import CallSite


class Safety(Enum):
    """EXACT: same numbers. CLOSE: same to rounding. REVIEW: same under a stated condition. MANUAL: advice only."""

    EXACT = "exact"
    CLOSE = "close"
    REVIEW = "review"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A rule's refusal: the call keeps its text and gets a marker with this code, message and help."""

    code: str
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """`before` must translate to `after`; both are evaluated on random `inputs` (`a: f32[2,3], m: bool[2], n: 3`).

    `prelude` holds statements run first in both frameworks (plain Python only).
    """

    before: str
    after: str
    inputs: str = ""
    prelude: str = ""
    witness: bool = True  # False where the result is random or not a tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A function or tensor method.

    `torch`: qualified name; tensor methods are `torch.Tensor.name`. `args`: the torch parameters in order (a method's receiver
    is the first, by convention `self`); a leading `*` marks varargs (`*shape`: `x.view(2, 3)` and `x.view((2, 3))` both bind
    it). `tf`: a template in which `{name}` is an argument's TensorFlow text (parenthesised where needed). `defaults`: text for
    absent arguments; a keyword argument of the template whose placeholder is absent and has no default is left out.
    `ignore`: arguments without a TensorFlow meaning (device, memory_format, inplace …). `unsupported`: argument → why; given
    with a value other than the default in `harmless`, the call is refused. `result`: kind of the value; `dtype`: `same` (as
    the first tensor argument), a dtype, or `arg:NAME`; used where the probe saw nothing. `rank`: `same`, or None for unknown.
    """

    torch: str
    args: tuple[str, ...]
    tf: str
    defaults: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    unsupported: Mapping[str, str] = field(default_factory=dict)
    harmless: Mapping[str, str] = field(default_factory=dict)
    result: str = "tensor"
    dtype: str | None = "same"
    rank: str | None = "same"
    safety: Safety = Safety.EXACT
    note: str = ""
    examples: tuple[Example, ...] = ()
    rewrite: Callable[[CallSite], str | Unmapped] | None = None


def rewrite(
    torch: str,
    *,
    args: tuple[str, ...],
    ignore: tuple[str, ...] = (),
    result: str = "tensor",
    dtype: str | None = "same",
    rank: str | None = None,
    safety: Safety = Safety.EXACT,
    note: str = "",
    examples: tuple[Example, ...] = (),
) -> Callable[[Callable[[CallSite], str | Unmapped]], Rule]:
    """Turn a function of the call site into a Rule (the module-level name then *is* the rule)."""

    def wrap(function: Callable[[CallSite], str | Unmapped]) -> Rule:
        return Rule(
            torch=torch,
            args=args,
            tf="",
            ignore=ignore,
            result=result,
            dtype=dtype,
            rank=rank,
            safety=safety,
            note=note or (function.__doc__ or "").strip().split("\n")[0],
            examples=examples,
            rewrite=function,
        )

    return wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule:
    """An `nn.Module` constructed in `__init__`.

    `tf`: constructor template; `{name}` is the layer's name argument (`name="dense"`), other placeholders are constructor
    arguments. `build`: template of the shape given to `.build()`, None when the layer needs none. `training`: the layer's
    call takes `training=`. `call`: template of a call, `{layer}` and `{input}` in it, where it is not `{layer}({input})`;
    `call_rank`: refuse other input ranks. `emit`: name of a layer class in templates/model/layers/ that must stand in the
    file. `rewrite` builds the constructor from the call site where a template is not enough, `call_rewrite` the call.
    """

    torch: str
    args: tuple[str, ...]
    tf: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ("device", "dtype")
    unsupported: Mapping[str, str] = field(default_factory=dict)
    harmless: Mapping[str, str] = field(default_factory=dict)
    build: str | None = None
    training: bool = False
    call: str | None = None
    call_rank: tuple[int, ...] = ()
    emit: tuple[str, ...] = ()
    safety: Safety = Safety.EXACT
    note: str = ""
    examples: tuple[Example, ...] = ()
    rewrite: Callable[[CallSite], str | Unmapped] | None = None
    call_rewrite: Callable[[CallSite], str | Unmapped] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """A torch name that is not called (`torch.float32`) or an attribute of a tensor (`torch.Tensor.ndim`)."""

    torch: str
    tf: str
    result: str = "other"
    dtype: str | None = None
    note: str = ""
    uses: tuple[str, ...] = ()  # names to import, e.g. shape_list
    emit: str = ""  # the file of templates/model/functions that defines the name


AnyRule = Rule | LayerRule | AttributeRule
