"""Requirements of the guide that only a person can meet: shown with what to do, never judged."""

from __future__ import annotations

from scaffold.checklist.item import Item, Verdict, manual
from scaffold.checklist.subject import Subject


def _references(subject: Subject) -> Verdict:
    return manual(
        [subject.names.pt_path],
        "Look for open pull requests on the model first, then read the paper, the PyTorch file and a TensorFlow model "
        "of the same kind beside the port.",
    )


def _branch(subject: Subject) -> Verdict:
    return manual(
        [f"branch {subject.names.branch}"],
        "Rebase the branch onto the base branch, push it to your fork and open a draft pull request early.",
    )


def _style(subject: Subject) -> Verdict:
    return manual(
        ["Makefile: fixup"],
        "Run `make fixup` in the clone before pushing; describe the changes in the pull request.",
    )


def _slow_tests(subject: Subject) -> Verdict:
    return manual(
        [subject.names.tf_test_path],
        "Run `NVIDIA_TF32_OVERRIDE=0 RUN_SLOW=1 RUN_PT_TF_CROSS_TESTS=1 py.test -vv "
        f"{subject.names.tf_test_path}`, and once more before merging.",
    )


def _review(subject: Subject) -> Verdict:
    return manual(
        ["at least three reviewers"],
        "Mark the pull request ready for review when everything above passes, ask the TensorFlow maintainers to review, "
        "and wait for three approvals and a green CI.",
    )


def _hub(subject: Subject) -> Verdict:
    return manual(
        [f"checkpoints of {subject.names.title}"],
        "Convert a checkpoint with `from_pt=True`, compare every hidden state, and open a pull request with the "
        "TensorFlow weights on its Hub repository.",
    )


def _share(subject: Subject) -> Verdict:
    return manual(
        [subject.names.title],
        "Share the model once it is merged: a demo, a notebook, an entry on the community page, a short announcement.",
    )


ITEMS = (
    Item(
        code="CHK170",
        title="no ongoing work, references read",
        requirements=("G2", "G3", "G4", "G13"),
        judge=_references,
        needs_tf=False,
    ),
    Item(
        code="CHK171",
        title="branch pushed, draft pull request open",
        requirements=("G5", "G6", "G8", "G9", "G11", "G12"),
        judge=_branch,
        needs_tf=False,
    ),
    Item(code="CHK172", title="repository's style checks", requirements=("G7", "G37"), judge=_style, needs_tf=False),
    Item(code="CHK173", title="slow tests run locally", requirements=("G36", "G39"), judge=_slow_tests, needs_tf=False),
    Item(code="CHK174", title="reviews and CI", requirements=("G38", "G39"), judge=_review, needs_tf=False),
    Item(code="CHK175", title="weights on the Hub", requirements=("G1", "G40"), judge=_hub, needs_tf=False),
    Item(code="CHK176", title="shared with the community", requirements=("G44",), judge=_share, needs_tf=False),
)
