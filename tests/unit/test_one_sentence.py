"""A process that a person can help ends with one sentence; a bug keeps its traceback."""

import errno
import os

import pytest

from sre_space.exits import UNREACHABLE, one_sentence


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            "bus: the disk cannot be written: No space left on device\n",
        ),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "/x/y"), "bus: /x/y: Read-only file system\n"),
    ],
)
def test_a_full_disk_is_one_sentence_with_the_file_where_it_is_known(
    error: OSError, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, one_sentence("bus"):
        raise ExceptionGroup("tasks", [error])

    assert ended.value.code == UNREACHABLE
    assert capsys.readouterr().err == told


def test_another_error_of_the_system_without_a_file_is_a_bug() -> None:
    with pytest.raises(ExceptionGroup), one_sentence("bus"):
        raise ExceptionGroup("tasks", [OSError(errno.EBADF, os.strerror(errno.EBADF))])
