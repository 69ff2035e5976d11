"""Title and description of a port's pull request: the checkout's own template with the evidence in it.

The evidence stands between two hidden marks. A description that exists is changed between them and nowhere else, so what
people wrote stays. No box of the template is ticked. Source: publishing.md §1; guide.md G12, G37.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.core.reports import CheckResult, HeadReport, Status, VerificationReport
from scaffold.core.resources import template
from scaffold.core.secrets import redact
from scaffold.flows.evidence import Evidence
from scaffold.flows.ported import Ported
from scaffold.flows.target import Target, is_hugging_face

BEGIN = "<!-- scaffold:begin (this part is rewritten by `scaffold open-draft-pr`; write above or below it) -->"
END = "<!-- scaffold:end -->"

_MARKED = re.compile(r"<!-- scaffold:begin\b[^>]*-->.*?<!-- scaffold:end -->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: The template's placeholder, which says of itself "remove if not applicable".
_PLACEHOLDER = re.compile(r"^Fixes #\s*\(issue\)[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^#[^\n]*\n", re.MULTILINE)

_TEMPLATES = (".github", "", "docs")
_TEMPLATE_NAME = "pull_request_template.md"

#: "Branch pushed, draft pull request open": a person who reads the description has that before them.
_OPENED = "CHK171"

#: GitHub refuses descriptions above 65,536 characters, and nobody reads the twentieth of a kind.
_LIST, _FILES, _LINE = 20, 40, 300


def title(ported: Ported) -> str:
    """The pull request's title, in the words that Transformers' own history uses."""
    return f"Add TF {ported.names.title}"


def read_template(root: Path) -> str:
    """The checkout's pull-request template, where GitHub looks for one; empty when there is none."""
    for folder in _TEMPLATES:
        place = root / folder
        if place.is_dir():
            for file in sorted(place.iterdir()):
                if file.name.lower() == _TEMPLATE_NAME and file.is_file():
                    return file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    return ""


def compose(template_text: str, block: str) -> str:
    """A new description: the template with the block below its first heading.

    The template's hidden comments go (they speak to the author, and name people who would be mentioned), and so does the
    placeholder for an issue. Its boxes stay as they are: ticking them is the author's word.
    """
    text = _PLACEHOLDER.sub("", _COMMENT.sub("", template_text))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    marked = f"{BEGIN}\n{block.strip()}\n{END}"
    heading = _HEADING.match(f"{text}\n")
    if heading is None:
        return f"{marked}\n\n{text}".strip() + "\n"
    return f"{heading[0]}\n{marked}\n\n{text[heading.end() :].strip()}".strip() + "\n"


def refresh(existing: str, block: str) -> str | None:
    """The existing description with a new block, None when its marks are gone. Unchanged text is returned as it is."""
    found = _MARKED.search(existing)
    if found is None:
        return None
    marked = f"{BEGIN}\n{block.strip()}\n{END}"
    if found[0].replace("\r\n", "\n") == marked:
        return existing
    if "\r\n" in existing:  # edited in the browser
        marked = marked.replace("\n", "\r\n")
    return existing[: found.start()] + marked + existing[found.end() :]


def evidence_block(ported: Ported, target: Target, evidence: Evidence) -> str:
    """The generated part: what was generated and verified, what is open, what is left, and how to check it."""
    from jinja2 import Environment, StrictUndefined

    # text of the checkout reaches the template as values only, which jinja2 never renders
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    source = template("pull_request/body.md.jinja")
    return redact(environment.from_string(source).render(_values(ported, target, evidence)))


def _values(ported: Ported, target: Target, evidence: Evidence) -> dict[str, Any]:
    names, origin, report = ported.names, ported.origin, evidence.report
    root = ported.located.root
    results = tuple(result for result in evidence.results if result.code != _OPENED)
    return {
        "title": names.title,
        "stem": names.stem,
        "classes": ", ".join(f"`{name}`" for name in evidence.classes) or "none",
        "version": evidence.version,
        "running": __version__,
        "edited": evidence.edited,
        "pt_path": names.pt_path,
        "test_path": names.tf_test_path,
        "base": origin.base_ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
        "base_commit": origin.base_commit[:12],
        "in_fork": target.in_fork,
        "hugging_face": is_hugging_face(origin.upstream),
        "not_run": _code(report.not_run, root) if report.not_run else "",
        "strict": report.ok,
        "heads": [_head(head) for head in report.heads],
        "limit": f"{_limit(report):.0e}".replace("e-0", "e-"),
        "environment": _plain(report.environment, root).rstrip("."),
        "problems": _problems(report, root),
        "counts": _counts(results),
        "open_items": [_item(result, root) for result in results if _is_open(result)],
        "markers": [_code(marker, root) for marker in evidence.markers],
        "withheld": [(name, _code(reason, root)) for name, reason in evidence.withheld],
        "files": evidence.files,
        "limit_list": _LIST,
        "limit_files": _FILES,
        "fork_url": f"{origin.web}/{origin.fork}",
        "branch": ported.branch,
    }


def _head(head: HeadReport) -> dict[str, str]:
    ran = [case for case in head.cases if not case.skipped]
    return {
        "name": head.tf_class,
        "cases": f"{sum(case.ok for case in ran)} of {len(ran)}",
        "worst": "–" if head.max_scaled is None else f"{head.max_scaled:.1e}",
        "verdict": "agrees" if head.ok else "**differs**",
    }


def _limit(report: VerificationReport) -> float:
    tensors = (c.tolerance for head in report.heads for case in head.cases for c in case.comparisons)
    return max(tensors, default=1e-5)


def _problems(report: VerificationReport, root: Path) -> list[str]:
    from scaffold.verify.render import problems

    found = [f"`{h.tf_class}`: {_code(text, root)}" for h in report.heads if not h.ok for text in problems(h)]
    return found if len(found) <= _LIST else [*found[:_LIST], f"and {len(found) - _LIST} more"]


def _counts(results: tuple[CheckResult, ...]) -> str:
    counts = Counter(result.status for result in results)
    words = {Status.PASS: "passed", Status.FAIL: "failed", Status.SKIP: "not applicable", Status.MANUAL: "for a person"}
    return ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status]) or "nothing judged"


def _is_open(result: CheckResult) -> bool:
    return result.status in (Status.FAIL, Status.MANUAL)


def _item(result: CheckResult, root: Path) -> str:
    """One line: `CHK116 layers are built explicitly: failed. evidence`."""
    failed = result.status is Status.FAIL
    evidence = f": {_code(result.evidence[0], root)}" if failed and result.evidence else ""
    return f"{result.code} {result.title} ({'failed' if failed else 'for a person'}){evidence}"


def _plain(text: str, root: Path) -> str:
    """One line without this machine's folders, and without anything that would end the marked part."""
    for folder, shown in ((f"{root}/", ""), (str(root), "."), (str(Path.home()), "~")):
        text = text.replace(folder, shown)
    line = " ".join(text.replace("<!--", "<!- -").replace("-->", "- ->").split())
    return line if len(line) <= _LINE else f"{line[:_LINE]}…"


def _code(text: str, root: Path) -> str:
    """The line as inline code, in which GitHub reads neither mentions nor links."""
    return f"`{_plain(text, root).replace('`', chr(39))}`"
