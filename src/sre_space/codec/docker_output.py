"""Docker's logs: frames of a container without a terminal, plain bytes of one with a terminal; no I/O."""

_HEAD = 8  # bytes: the stream, three zeros, and the length of what follows, the highest byte first
_STREAMS = (0, 1, 2)  # standard input, output, error


def output_of(answer: bytes) -> bytes:
    r"""Return what a container wrote, in its order; of an answer that breaks off, what is there.

    >>> output_of(b"\x01\x00\x00\x00\x00\x00\x00\x03hi\n\x02\x00\x00\x00\x00\x00\x00\x04oh!\n")
    b'hi\noh!\n'
    >>> output_of(b"plain\n")
    b'plain\n'
    """
    written, at = bytearray(), 0
    while at < len(answer):
        head = answer[at : at + _HEAD]
        if head[0] not in _STREAMS or any(head[1:4]):
            return answer  # no frames: the container has a terminal
        at += _HEAD + int.from_bytes(head[4:])
        written += answer[at - int.from_bytes(head[4:]) : at]
    return bytes(written)
