"""Docker's frames of logs, whole and cut off."""

from hypothesis import given
from hypothesis import strategies as st

from sre_space.codec.docker_output import output_of


def framed(part: bytes, stream: int = 1) -> bytes:
    """Return a frame."""
    return bytes([stream, 0, 0, 0]) + len(part).to_bytes(4) + part


@given(st.lists(st.tuples(st.binary(max_size=50), st.sampled_from([0, 1, 2]))), st.integers(0, 60))
def test_frames_give_what_was_written_in_its_order_and_the_beginning_of_it_when_cut_off(
    parts: list[tuple[bytes, int]], cut: int
) -> None:
    answer, written = b"".join(framed(*part) for part in parts), b"".join(part for part, _ in parts)

    assert output_of(answer) == written
    assert written.startswith(output_of(answer[: max(0, len(answer) - cut)]))


def test_the_output_of_a_terminal_has_no_frames() -> None:
    assert output_of(b"plain text\n") == b"plain text\n"
    assert output_of(b"") == b""
