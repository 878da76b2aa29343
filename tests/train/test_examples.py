"""Examples on their way in: exactly the sampled tokens, nothing cut silently, errors that say what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidistill.engines.chat import render_prompt
from pidistill.errors import UsageError
from pidistill.records import Example, Message, Messages
from pidistill.train.examples import Encoder
from pidistill.train.teacher_context import GAP, shorten
from small_models import make_tokenizer

TOKENIZER = make_tokenizer()


def encoder(max_length: int = 512, **options: object) -> Encoder:
    return Encoder(TOKENIZER, len(TOKENIZER), max_length, {}, **options)  # type: ignore[arg-type]


def user(text: str) -> Messages:
    return (Message("user", text),)


def test_prompt_and_completion_are_the_engines_tokens(examples: list[Example]) -> None:
    (encoded, *_) = encoder().encode(examples, teacher=True)
    assert encoded.prompt == tuple(render_prompt(TOKENIZER, examples[0].student_messages, {}))
    assert encoded.teacher_prompt == tuple(render_prompt(TOKENIZER, examples[0].teacher_messages or (), {}))
    assert encoded.completion == examples[0].token_ids


def test_the_teacher_may_have_chat_options_of_its_own(examples: list[Example]) -> None:
    (plain, *_) = encoder().encode(examples, teacher=True)
    (other, *_) = encoder(teacher_chat={"enable_thinking": False}).encode(examples, teacher=True)
    assert other.prompt == plain.prompt
    assert TOKENIZER.decode(other.teacher_prompt) == TOKENIZER.decode(plain.teacher_prompt) + "<think>\n\n</think>\n\n"


def test_a_completion_without_ids_is_tokenized_and_ended(examples: list[Example]) -> None:
    example = replace(examples[0], token_ids=(), completion="So 46.")
    (encoded,) = encoder().encode([example], teacher=False)
    assert TOKENIZER.decode(encoded.completion) == "So 46.<|im_end|>"


def test_long_and_empty_examples_are_left_out_and_counted(examples: list[Example]) -> None:
    lengths = [len(render_prompt(TOKENIZER, e.student_messages, {})) + len(e.token_ids) for e in examples]
    limit = sorted(lengths)[3]
    one = encoder(limit)
    kept = one.encode([*examples, replace(examples[0], token_ids=())], teacher=False)
    assert [len(e.prompt) + len(e.completion) for e in kept] == [length for length in lengths if length <= limit]
    assert one.counts.examples == len(kept)
    assert one.counts.excluded_long == len(examples) - len(kept)
    assert one.counts.excluded_empty == 1


def test_no_examples_is_an_error_with_a_next_step() -> None:
    with pytest.raises(UsageError, match=r"no rollout passed the recipe's filter") as error:
        encoder().encode([], teacher=False)
    assert "--set" in error.value.hint


def test_examples_that_are_all_too_long_are_an_error_that_names_the_limit(examples: list[Example]) -> None:
    with pytest.raises(UsageError, match="of 8 examples 8 are longer than 8 tokens"):
        encoder(8).encode(examples, teacher=False)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_the_unit_interval_is_an_error(weight: float, examples: list[Example]) -> None:
    with pytest.raises(UsageError, match=r"'p0': weight must lie in \[0, 1\]"):
        encoder().encode([replace(examples[0], weight=weight)], teacher=False)


def test_ids_of_another_tokenizer_are_an_error(examples: list[Example]) -> None:
    with pytest.raises(UsageError, match="token id 5000 is not one of the model's"):
        encoder().encode([replace(examples[0], token_ids=(3, 5000))], teacher=False)


def test_distilling_without_a_teachers_prompt_is_an_error(examples: list[Example]) -> None:
    with pytest.raises(UsageError, match="no teacher messages") as error:
        encoder().encode([replace(examples[0], teacher_messages=None)], teacher=True)
    assert "teacher_form" in error.value.hint


QUESTION = "What is 12 + 34? Say it clearly."


def render(messages: Messages) -> list[int]:
    return render_prompt(TOKENIZER, messages, {})


def text_of(ids: tuple[int, ...]) -> str:
    return str(TOKENIZER.decode(ids))


@given(st.text(st.characters(codec="utf-8"), min_size=20, max_size=300), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_a_long_teachers_prompt_keeps_the_problem_and_fits(pi: str, limit: int) -> None:
    teacher = user(f"{QUESTION}\n\n{pi} Solve the problem.")
    whole = render(teacher)
    shortened = shorten(user(QUESTION), teacher, limit=limit, render=render)
    if shortened is None:
        one_character = 4  # a character takes at most four byte tokens
        assert limit < len(render(user(f"{QUESTION}{GAP}"))) + one_character
        return
    assert len(shortened.ids) <= limit
    assert QUESTION in text_of(shortened.ids)
    assert shortened.cut == (len(whole) > limit)
    if not shortened.cut:
        assert list(shortened.ids) == whole


def test_the_middle_goes_and_as_much_stays_as_fits() -> None:
    pi = "".join(f"<{i}>" for i in range(100))
    shortened = shorten(user(QUESTION), user(f"{QUESTION}\n\n{pi} Solve the problem."), limit=150, render=render)
    assert shortened is not None
    text = text_of(shortened.ids)
    assert f"{QUESTION}\n\n<0><1>" in text
    assert "<99> Solve the problem." in text
    assert GAP in text
    assert 147 <= len(shortened.ids) <= 150


def test_a_system_message_and_a_failed_attempt_are_told_apart_from_the_problem() -> None:
    system = Message("system", "Be brief.")
    student = (system, *user(QUESTION))
    teacher = (*student, Message("assistant", "I think " + "so " * 200), Message("user", "That was wrong. Try again."))
    shortened = shorten(student, teacher, limit=120, render=render)
    assert shortened is not None
    text = text_of(shortened.ids)
    assert "Be brief." in text
    assert QUESTION in text
    assert "That was wrong. Try again." in text
    assert GAP in text


def test_a_problem_in_other_words_is_never_cut() -> None:
    reworded = user("Here is a task: add twelve and thirty-four. " + "The answer is 46. " * 40)
    assert shorten(user(QUESTION), reworded, limit=100, render=render) is None


def test_cut_and_hopeless_teacher_prompts_are_counted(examples: list[Example]) -> None:
    question = examples[0].student_messages[0].content
    long = replace(examples[0], teacher_messages=user(f"{question}\n\n{'PI ' * 300}"))
    hopeless = replace(examples[0], teacher_messages=user("other words " * 100))
    one = encoder(120)
    assert len(one.encode([examples[0], long, hopeless], teacher=True)) == 2
    assert (one.counts.teacher_cut, one.counts.excluded_teacher_long) == (1, 1)
