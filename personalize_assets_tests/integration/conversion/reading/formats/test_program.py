"""A program that answers many questions, one after another or at the same time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from personalize_assets.conversion.reading.formats.program import Answer, Program

ECHO = """
import os, sys
from personalize_assets.conversion.reading.formats.program import questions
for asked in questions():
    if asked == ["die"]:
        sys.exit(1)
    sys.stdout.buffer.write(f"{os.getpid():8}{asked[0]}"[:12].encode())
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    (tmp_path / "echo.py").write_text(ECHO)
    monkeypatch.syspath_prepend(str(tmp_path))
    program = Program("echo")
    yield program
    program.close()


def read(answer: Answer) -> tuple[int, str]:
    """The id of the process, and the four letters that it was asked."""
    found = answer.read(12)
    answer.end()
    return int(found[:8]), found[8:].decode()


def ask(program: Program, text: str) -> tuple[int, str]:
    with program.asked([text]) as answer:
        return read(answer)


def test_one_process_answers_questions_one_after_another(program: Program) -> None:
    (first, one), (second, two) = ask(program, "abcd"), ask(program, "efgh")

    assert (one, two) == ("abcd", "efgh")
    assert first == second


def test_two_questions_at_the_same_time_have_a_process_each(program: Program) -> None:
    with program.asked(["abcd"]) as one, program.asked(["efgh"]) as two:
        (first, _), (second, _) = read(one), read(two)

    assert first != second


def test_a_process_whose_answer_is_not_read_to_its_end_is_killed(program: Program) -> None:
    with program.asked(["abcd"]) as answer:
        first = int(answer.read(8))

    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert ask(program, "efgh")[1] == "efgh"


def test_a_process_that_has_died_gives_an_answer_that_ends_early(program: Program) -> None:
    with program.asked(["die"]) as answer:
        assert answer.read(12) == b""

    assert ask(program, "abcd")[1] == "abcd"


def test_many_threads_get_their_own_answers(program: Program) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: ask(program, f"{number:04}")[1], range(40)))

    assert found == [f"{number:04}" for number in range(40)]


def test_a_forked_process_does_not_use_the_processes_of_its_parent(program: Program) -> None:
    parents, _ = ask(program, "abcd")
    child = os.fork()
    if child == 0:
        same = ask(program, "efgh")[0] == parents
        program.close()
        os._exit(int(same))

    assert os.waitpid(child, 0)[1] == 0
    assert ask(program, "ijkl") == (parents, "ijkl")


def test_closed_processes_are_gone_and_the_next_question_starts_one(program: Program) -> None:
    first, _ = ask(program, "abcd")
    program.close()

    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert ask(program, "abcd")[0] != first


def test_the_program_of_a_python_that_cannot_start_answers_nothing(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with program.asked(["abcd"]) as answer:
        assert answer.read(12) == b""
