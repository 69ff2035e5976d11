"""How often `scaffold compare` names the right layer and cause: realistic faults injected into the text of strict ports.

Usage: python benchmarks/compare_mutants.py --src TREE/src --port roc_bert:CASES [--port …] [--each 50] [--seed 0] --out FILE
TREE holds strict ports, CASES is the probe's `classes` folder of one of them. One process imports the frameworks once; each
mutant is the port's text with one change, compiled as a module of its own. FILE gets a line a mutant. A mutant is judged by what
`compare` says of the first place: the layer is right if it is the first instance of the layer whose text was changed (for a
change in a constructor, the layer made there), the cause is right if one of its first three is among those of the fault.
Mutants whose outputs agree are no faults for these inputs, those that raise name their line by themselves; both are only counted.
"""

from __future__ import annotations

import argparse
import ast
import json
import linecache
import random
import re
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

WORKERS = Path(__file__).parents[1] / "scaffold" / "workers"


@dataclass(frozen=True)
class Mutant:
    """A changed text. `layers` are the (class, attribute) that may be named; an empty attribute is the class itself."""

    kind: str
    line: int
    text: str
    layers: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Site:
    """A node to change, with the class and the method it stands in."""

    node: Any
    owner: str
    method: str
    statement: Any


#: What counts as the cause of each kind of fault.
CAUSES: dict[str, set[str]] = {
    "epsilon": {"epsilon"},
    "activation": {"activation"},
    "missing scale": {"scale"},
    "missing factor": {"scale"},
    "transpose": {"axes"},
    "residual": {"missing_term"},
    "softmax axis": {"axis"},
    "no mask": {"mask_value", "missing_term"},
    "mask value": {"mask_value", "scale", "constant"},
    "position": {"off_by_one", "constant"},
    "token index": {"off_by_one"},
    "wrong layer": {"other_value"},
    "skipped layer": {"not_called", "epsilon", "other_value"},
    "exchanged names": {"misplaced_weight", "other_value"},
    "misspelt name": {"weight_not_loaded", "misplaced_weight"},
    "no bias": {"missing_bias"},
    "dropout": {"dropout", "training_flag"},
    "concatenation": {"concatenation"},
    "sign": {"sign", "missing_term"},
    "padding": {"padding"},
    "transposed weight": {"transposed_weight"},
    "untied head": {"untied_head", "weight_not_loaded"},
}


class Text:
    """A port's text, and how to change it."""

    def __init__(self, text: str, pytorch: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line.encode()))
        tied = re.search(r"_tied_weights_keys = \[(.*?)\]", pytorch, re.S)
        names = re.findall(r"(\w+)\.weight\"", tied[1]) if tied else []
        self.tied = names[0] if names else "decoder"

    def at(self, node: Any) -> tuple[int, int]:
        """The node's place in the encoded text."""
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def source(self, node: Any) -> str:
        """The node's text."""
        start, end = self.at(node)
        return self.text.encode()[start:end].decode()

    def replaced(self, *changes: tuple[Any, str]) -> str:
        """The text with nodes replaced."""
        data = self.text.encode()
        for node, new in sorted(changes, key=lambda change: -self.at(change[0])[0]):
            start, end = self.at(node)
            data = data[:start] + new.encode() + data[end:]
        return data.decode()

    def sites(self) -> Iterator[Site]:
        """Every expression in a method of a layer or model."""
        for owner in self.tree.body:
            if not isinstance(owner, ast.ClassDef):
                continue
            for method in owner.body:
                if not isinstance(method, ast.FunctionDef) or method.name in ("build", "serving", "dummy_inputs"):
                    continue
                for statement in ast.walk(method):
                    if not isinstance(statement, ast.stmt) or hasattr(statement, "body"):
                        continue
                    for node in ast.walk(statement):
                        if isinstance(node, ast.expr):
                            yield Site(node, owner.name, method.name, statement)


def _called(node: Any) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _made(site: Site) -> str:
    """The attribute that the site's statement makes in a constructor."""
    target = site.statement.targets[0] if isinstance(site.statement, ast.Assign) else None
    return target.attr if isinstance(target, ast.Attribute) else ""


def _keyword(call: ast.Call, name: str) -> Any:
    return next((k for k in call.keywords if k.arg == name), None)


def mutants(text: Text) -> Iterator[Mutant]:
    """Every fault that can be injected."""
    for site in text.sites():
        maker = _constructor if site.method == "__init__" else _call
        for kind, changes, layers in maker(text, site):
            changed = text.replaced(*changes)
            yield Mutant(kind, site.node.lineno, changed, frozenset(layers))
    yield from _exchanged(text)
    yield from _untied(text)
    yield from _transposed(text)


Change = tuple[str, list[tuple[Any, str]], list[tuple[str, str]]]


def _constructor(text: Text, site: Site) -> Iterator[Change]:
    node, attribute = site.node, _made(site)
    if not isinstance(node, ast.Call) or not attribute or node is not site.statement.value:
        return
    made, function = [(site.owner, attribute)], _called(node)
    source = text.source(node)
    epsilon = _keyword(node, "epsilon")
    if function.endswith("LayerNormalization") and epsilon is not None:
        yield "epsilon", [(epsilon.value, "1e-3")], made
    if function == "get_tf_activation":
        for name in ("gelu_new", "relu", "silu"):
            yield "activation", [(node.args[0], f'"{name}"')], [(site.owner, ""), *made]
    name = _keyword(node, "name")
    if name is not None and function.endswith((".Dense", ".LayerNormalization", ".Embedding", ".Conv2D")):
        yield "misspelt name", [(name.value, f'"{ast.literal_eval(name.value)}_layer"')], made
    if function.endswith((".Dense", ".Conv2D")) and _keyword(node, "use_bias") is None:
        yield "no bias", [(node, f"{source[:-1].rstrip().rstrip(',')}, use_bias=False)")], made
    padding = _keyword(node, "padding")
    if function.endswith("ZeroPadding2D") and padding is not None:
        size = text.source(padding.value)
        yield (
            "padding",
            [(padding.value, f"(({size})[0] * 2, 0), (0, 0)".join("()"))],
            [*made, (site.owner, "conv"), (site.owner, "")],
        )


def _call(text: Text, site: Site) -> Iterator[Change]:
    node, here, source = site.node, [(site.owner, "")], text.source(site.node)
    if isinstance(node, ast.BinOp):
        left, right = text.source(node.left), text.source(node.right)
        if isinstance(node.op, ast.Div) and "sqrt" in right:
            yield "missing scale", [(node, left)], here
            yield "missing scale", [(node, f"{left} / ({right}) ** 2")], here
        if isinstance(node.op, ast.Mult) and right.startswith("self."):
            yield "missing factor", [(node, left)], here
        if isinstance(node.op, ast.Add) and _is_name(node.left) and _is_name(node.right):
            masks = "mask" in right
            yield ("no mask" if masks else "residual"), [(node, left)], here
            if masks:
                yield "mask value", [(node, f"{left} + tf.maximum({right}, -2.0)")], here
            else:
                yield "residual", [(node, right)], here
                yield "sign", [(node, f"{left} - {right}")], here
    if isinstance(node, ast.Subscript) and re.search(r"\[:, 0(, :)?\]$", source) and isinstance(node.ctx, ast.Load):
        yield "token index", [(node, source.replace("[:, 0", "[:, 1"))], here
        yield "token index", [(node, source.replace("[:, 0", "[:, -1"))], here
    if isinstance(node, ast.Call):
        yield from _calls(text, site, node, here)


def _is_name(node: Any) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _calls(text: Text, site: Site, node: ast.Call, here: list[tuple[str, str]]) -> Iterator[Change]:
    function = _called(node)
    first = text.source(node.args[0]) if node.args else ""
    axis = _keyword(node, "axis")
    if function == "stable_softmax" and axis is not None:
        yield "softmax axis", [(axis.value, "-2")], here
    perm = _keyword(node, "perm")
    if function == "tf.transpose" and perm is not None and re.sub(r"\W", "", text.source(perm.value)) == "0213":
        yield "transpose", [(node, first)], here
    if function == "tf.concat" and isinstance(node.args[0], ast.List) and len(node.args[0].elts) == 2:
        a, b = (text.source(item) for item in node.args[0].elts)
        yield "concatenation", [(node.args[0], f"[{b}, {a}]")], here
    if not function.startswith("self.") or function.count(".") != 1 or not first:
        return
    attribute = function.removeprefix("self.")
    if "position" in attribute and "embed" in attribute:
        yield "position", [(node.args[0], f"{first} + 1")], [*here, (site.owner, attribute)]
    if attribute in ("key", "value", "k_proj", "v_proj"):
        other = {"key": "value", "value": "key", "k_proj": "v_proj", "v_proj": "k_proj"}[attribute]
        yield "wrong layer", [(node.func, f"self.{other}")], here
    if re.search(r"norm|act", attribute, re.I) and len(node.args) == 1:
        yield "skipped layer", [(node, first)], here
    training = _keyword(node, "training")
    if "dropout" in attribute and training is not None:
        yield "dropout", [(training.value, "True")], [*here, (site.owner, attribute)]


def _exchanged(text: Text) -> Iterator[Mutant]:
    """Two neighbouring layers of one kind with each other's names."""
    for owner in (n for n in text.tree.body if isinstance(n, ast.ClassDef)):
        named: dict[str, tuple[Any, str, int]] = {}
        for statement in ast.walk(owner):
            if isinstance(statement, ast.Assign) and _called(statement.value).endswith(".Dense"):
                name = _keyword(statement.value, "name")
                if name is not None and isinstance(statement.targets[0], ast.Attribute):
                    named[statement.targets[0].attr] = (name.value, ast.unparse(name.value), statement.lineno)
        keys = [k for k in named if k in ("query", "key", "value", "q_proj", "k_proj", "v_proj")]
        for a, b in pairwise(keys):
            changed = text.replaced((named[a][0], named[b][1]), (named[b][0], named[a][1]))
            layers = frozenset({(owner.name, ""), (owner.name, a), (owner.name, b)})
            yield Mutant("exchanged names", named[a][2], changed, layers)


def _untied(text: Text) -> Iterator[Mutant]:
    """An output layer of its own instead of the embeddings, as PyTorch's constructor has it."""
    for owner in (n for n in text.tree.body if isinstance(n, ast.ClassDef)):
        start = next((m for m in owner.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
        for node in ast.walk(owner):
            tied = isinstance(node, ast.Call) and _called(node) == "tf.matmul" and _keyword(node, "transpose_b")
            if not tied or start is None or not text.source(node.args[1]).endswith(".embeddings"):
                continue
            last = start.body[-1]
            made = f'self.own_decoder = keras.layers.Dense(config.vocab_size, use_bias=False, name="{text.tied}")'
            changed = text.replaced(
                (node, f"self.own_decoder({text.source(node.args[0])})"),
                (last, f"{text.source(last)}\n        {made}"),
            )
            layers = frozenset({(owner.name, ""), (owner.name, "own_decoder")})
            yield Mutant("untied head", node.lineno, changed, layers)


#: A layer that keeps its kernel under a name that is not transposed on loading.
_PLAIN = """class TFPlainDense(keras.layers.Dense):
    def build(self, input_shape):
        self.kernel = self.add_weight(name="weight", shape=[int(input_shape[-1]), self.units])
        self.bias = self.add_weight(name="bias", shape=[self.units])
        self.built = True


"""


def _transposed(text: Text) -> Iterator[Mutant]:
    """A square layer whose weight arrives as PyTorch has it."""
    first = next(n for n in text.tree.body if isinstance(n, ast.ClassDef))
    line = min([first.lineno, *(d.lineno for d in first.decorator_list)])
    for site in text.sites():
        made = _made(site) if site.method == "__init__" else ""
        square = made in ("query", "key", "value", "q_proj", "k_proj", "v_proj", "out_proj")
        if square and site.node is site.statement.value:
            rows = text.replaced((site.node.func, "TFPlainDense")).splitlines(keepends=True)
            changed = "".join([*rows[: line - 1], _PLAIN, *rows[line - 1 :]])
            shifted = site.node.lineno + _PLAIN.count("\n")
            yield Mutant("transposed weight", shifted, changed, frozenset({(site.owner, made)}))


class Bench:
    """One port: its mutants run and judged."""

    def __init__(self, src: Path, model: str, cases: Path, scratch: Path) -> None:
        import importlib

        self.model, self.cases, self.src = model, cases, src
        self.package = f"transformers.models.{model}"
        self.pt_module = importlib.import_module(f"{self.package}.modeling_{model}")
        folder = src / "transformers" / "models" / model
        pytorch = (folder / f"modeling_{model}.py").read_text(encoding="utf-8")
        self.text = Text((folder / f"modeling_tf_{model}.py").read_text(encoding="utf-8"), pytorch)
        self.file = scratch / "transformers" / "models" / model / f"modeling_tf_{model}.py"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        names = [n.name for n in self.text.tree.body if isinstance(n, ast.ClassDef)]
        self.classes = [n for n in names if (cases / n.removeprefix("TF")).is_dir() and "Backbone" not in n]
        self.order: dict[str, list[tuple[str, frozenset[tuple[str, str]]]]] = {}

    def module(self, text: str) -> Any:
        """The text as a module in the place of the port's."""
        from compare_source import _parsed
        from transformers.modeling_tf_utils import keras

        self.file.write_text(text, encoding="utf-8")
        linecache.checkcache(str(self.file))
        _parsed.cache_clear()
        keras.utils.get_custom_objects().clear()
        registered = sys.modules["tf_keras.src.saving.object_registration"]
        registered._GLOBAL_CUSTOM_OBJECTS.clear()
        registered._GLOBAL_CUSTOM_NAMES.clear()
        name = f"{self.package}.modeling_tf_{self.model}"
        module = types.ModuleType(name)
        module.__dict__.update(__file__=str(self.file), __package__=self.package)
        sys.modules[name] = module
        exec(compile(text, str(self.file), "exec"), module.__dict__)
        return module

    def compare(self, module: Any, tf_class: str) -> dict[str, Any]:
        """What the worker says of one class."""
        import compare_models

        run = compare_models.ClassRun(
            (tf_class.removeprefix("TF"), tf_class), (self.pt_module, module), self.cases, str(self.src), 0.0
        )
        return run.run(None)

    def run(self, mutant: Mutant) -> dict[str, Any]:
        """The judged mutant."""
        row: dict[str, Any] = {"model": self.model, "kind": mutant.kind, "line": mutant.line}
        used = {name for name, _ in mutant.layers}
        tf_class = next((c for c in self.classes if used & self.reach(c)), None)
        if tf_class is None:
            return {**row, "outcome": "not reached"}
        try:
            module = self.module(mutant.text)
        except Exception as error:
            return {**row, "outcome": "raises", "detail": f"{type(error).__name__}: {error}"}
        entry = self.compare(module, tf_class)
        return (
            {**row, "outcome": "agrees"}
            if entry["status"] == "agrees"
            else {**row, **self.judged(mutant, tf_class, entry)}
        )

    def reach(self, tf_class: str) -> set[str]:
        """The classes whose layers one model uses."""
        return {name for _, keys in self.placed(tf_class) for name, attribute in keys if not attribute}

    def placed(self, tf_class: str) -> list[tuple[str, frozenset[tuple[str, str]]]]:
        """Each path of a good port, in the order of the run, with the (class, attribute) that its layers go by."""
        if tf_class not in self.order:
            import compare_models
            from tf_cases import read_variants

            module = self.module(self.text.text)
            folder = self.cases / tf_class.removeprefix("TF")
            variant = next(v for v in read_variants(folder) if v.cases)
            from tf_model import load

            variant.model, _ = load(getattr(module, tf_class), variant.folder, from_pt=True)
            subject = compare_models.Subject(
                getattr(self.pt_module, tf_class.removeprefix("TF")), variant, variant.cases[0]
            )
            session = subject.record()
            tree = session.tree
            found = []
            for pt, _ in session.pairs():
                keys = set()
                for layer in tree.layers.get(pt.path, ()):
                    keys.add((type(layer).__name__, ""))
                    holder = tree.parents.get(id(layer))
                    keys.add((type(holder).__name__, tree.attributes.get(id(layer), "")))
                found.append((pt.path, frozenset(keys)))
            self.order[tf_class] = found
        return self.order[tf_class]

    def judged(self, mutant: Mutant, tf_class: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Whether layer and cause are right."""
        raised = entry["status"] == "error" or any(o["kind"] == "error" for o in entry["origins"][:1])
        expected: dict[tuple[str, str], str] = {}
        for path, keys in self.placed(tf_class):
            for key in keys & mutant.layers:
                expected.setdefault(key, path)
        if mutant.kind == "untied head":  # its layer is PyTorch's output layer, which a sound port does not have
            expected.update({("", path): f"{path}.{self.text.tied}".lstrip(".") for path in list(expected.values())})
        first = entry["origins"][0] if entry["origins"] else None
        causes = [c["cause"] for c in first["causes"][:3]] if first else []
        named = first["path"] if first else None
        right = named in expected.values() or (
            first is not None and (first["tf_class"], "") in mutant.layers and not expected
        )
        return {
            "outcome": "raises" if raised else "differs",
            "class": tf_class,
            "case": entry["case"],
            "detail": entry["detail"][:300],
            "weights": entry["weights"][:200],
            "named": named,
            "expected": sorted(set(expected.values())),
            "layer": bool(right),
            "causes": causes,
            "cause": bool(CAUSES[mutant.kind] & set(causes)),
            "variable": first["variable"] if first else None,
            "tf_line": first["tf"]["line"] if first and first["tf"] else None,
            "off": abs(first["tf"]["line"] - mutant.line) if first and first["tf"] else None,
        }


def _first_case(variant: Any) -> Any:
    """The variant with its first case alone."""
    variant.cases = variant.cases[:1]
    return variant


def choose(found: list[Mutant], number: int, generator: random.Random) -> list[Mutant]:
    """Kinds in turn, so that rare ones are not drowned."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in found:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    for group in by_kind.values():
        generator.shuffle(group)
    chosen: list[Mutant] = []
    while len(chosen) < number and any(by_kind.values()):
        for kind in sorted(by_kind):
            if by_kind[kind] and len(chosen) < number:
                chosen.append(by_kind[kind].pop())
    return chosen


def share(group: list[dict[str, Any]], key: str) -> str:
    """How many of a group are right."""
    return f"{sum(r[key] for r in group)}/{len(group)}"


def summary(rows: list[dict[str, Any]]) -> str:
    """A table by kind of fault and the totals."""
    judged = [r for r in rows if r["outcome"] == "differs"]
    lines = [f"{'fault':<20} {'mutants':>8} {'layer':>8} {'cause':>8}"]
    for kind in sorted({r["kind"] for r in rows}):
        group = [r for r in judged if r["kind"] == kind]
        lines.append(f"{kind:<20} {len(group):>8} {share(group, 'layer'):>8} {share(group, 'cause'):>8}")
    total = len(judged) or 1
    lines.append(
        f"{len(judged)} mutants that differ: layer right in {sum(r['layer'] for r in judged) / total:.1%}, "
        f"cause among the first three in {sum(r['cause'] for r in judged) / total:.1%}; "
        f"{dict(Counter(r['outcome'] for r in rows))}"
    )
    return "\n".join(lines)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--port", action="append", required=True, metavar="MODEL:CASES")
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--skip", type=int, default=0, help="leave out so many first: what an earlier run had")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="", help="only these kinds of fault, separated by commas")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    sys.path[:0] = [str(WORKERS), str(options.src.resolve())]
    import compare_models
    import run_tf
    import tf_cases

    compare_models.prepare(options.src)
    every = tf_cases.read_variants
    tf_cases.read_variants = lambda folder: [_first_case(v) for v in every(folder) if v.folder.name == "base"]
    import torch
    import transformers.modeling_tf_utils  # noqa: F401
    from transformers.utils import logging

    logging.set_verbosity_error()
    run_tf._environment(1)
    torch.set_num_threads(1)  # threads cost more than they give on matrices this small
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, options.out.open("w", encoding="utf-8") as out:
        for port in options.port:
            model, _, cases = port.partition(":")
            bench = Bench(options.src.resolve(), model, Path(cases), Path(scratch))
            found = list(mutants(bench.text))
            wanted = set(filter(None, options.kinds.split(",")))
            found = [m for m in found if not wanted or m.kind in wanted]
            chosen = choose(found, options.skip + options.each, random.Random(options.seed))
            for mutant in chosen[options.skip :]:
                started = time.monotonic()
                try:
                    row = bench.run(mutant)
                except Exception as error:  # a defect of the comparison, and counted as one
                    row = {
                        "model": model,
                        "kind": mutant.kind,
                        "line": mutant.line,
                        "outcome": "differs",
                        "layer": False,
                    }
                    row.update(cause=False, causes=[], detail=f"{type(error).__name__}: {error}")
                row["seconds"] = round(time.monotonic() - started, 2)
                rows.append(row)
                out.write(json.dumps(row) + "\n")
                out.flush()
    print(summary(rows))


if __name__ == "__main__":
    main()
