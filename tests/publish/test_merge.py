"""A merge loses nothing of the user's, whatever is generated."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold.publish.merge import merge

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=6)


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_what_one_side_changed_is_taken() -> None:
    assert merge("f", b"a\n", b"a\n", b"b\n").text == b"b\n"
    assert merge("f", b"a\n", b"mine\n", b"a\n").text == b"mine\n"
    assert merge("f", b"a\n", b"b\n", b"b\n").text == b"b\n"
    assert merge("f", b"a\n", None, b"b\n").text is None
    assert merge("f", None, None, b"b\n").text == b"b\n"
    assert merge("f", b"a\n", b"mine\n", None).text == b"mine\n"


def test_both_sides_in_different_places() -> None:
    before = b"1\n2\n3\n4\n5\n6\n7\n"
    merged = merge("f", before, before.replace(b"1\n", b"mine\n"), before.replace(b"7\n", b"new\n"))
    assert (merged.text, merged.conflicts) == (b"mine\n2\n3\n4\n5\n6\nnew\n", 0)


def test_a_conflict_shows_all_three() -> None:
    merged = merge("f", b"1\n", b"mine\n", b"new\n")
    assert merged.conflicts == 1
    assert merged.text is not None
    assert merged.text == b"<<<<<<< yours\nmine\n||||||| generated before\n1\n=======\nnew\n>>>>>>> generated now\n"


@settings(max_examples=60, deadline=None)
@given(before=LINES, added=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=3), now=LINES)
def test_every_line_that_the_user_added_is_in_the_result(
    before: list[str], added: list[tuple[int, int]], now: list[str]
) -> None:
    yours = list(before)
    for place, number in added:
        yours.insert(min(place, len(yours)), f"mine {number}")
    merged = merge("f", text(before), text(yours), text(now))
    assert merged.text is not None
    for line in {line for line in yours if line.startswith("mine")}:
        assert f"{line}\n".encode() in merged.text
