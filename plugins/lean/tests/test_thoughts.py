"""Drafts between marks of thoughts are no answer, whatever these are called; a mark that Lean text names is text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill_lean.extraction.extract import extract
from pidistill_lean.extraction.thoughts import without_thoughts

STATEMENT = "theorem t : p → p := by\n  sorry"
PROOF = "theorem t : p → p := by\n  intro h\n  exact h"
ANSWER = f"```lean4\n{PROOF}\n```"
DRAFT = "theorem t : p → p := by\n  exact id"

names = st.sampled_from([
    "think", "thinking", "thought", "thoughts", "thought_process", "thinking process", "antThinking", "seed:think",
    "inner-thoughts", "chain_of_thought", "reason", "reasoning", "reasoning_process", "internal_reasoning", "analysis",
    "reflection", "scratchpad", "scratch-pad", "draft", "CoT", "inner_monologue",
])  # fmt: skip
cased = st.sampled_from([str, str.upper, str.title])
around = st.sampled_from([
    ("<{}>", "</{}>"), ("< {} >", "</ {} >"), ('<{} type="x">', "</{}>"), ("<{} budget = 'low'>", "</{}>"),
    ("[{}]", "[/{}]"), ("<|begin_of_{}|>", "<|end_of_{}|>"), ("<|START_{}|>", "<|END_{}|>"),
    ("<|START_{}|>", "<|END_{}|><|START_RESPONSE|>"),
])  # fmt: skip
HARMONY = [
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|start|>assistant<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary to=functions.lean <|constrain|>json<|message|>", "<|call|>"),
    ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>",
     "<|end|><|start|>assistant<|channel|>final <|constrain|>lean<|message|>"),
    ("<|channel>thought\n", "<channel|>"), ("<|inner_prefix|>", "<|inner_suffix|>"), ("<!--", "-->"),
]  # fmt: skip
SUMMARIES = ["Thinking", "My <b>reasoning</b>", "First attempt", "A draft proof", "Scratch work", "Analysis", "Plan"]
FOLDS = [(f"<details>\n<summary>{summary}</summary>", "</details>") for summary in SUMMARIES]
tags = st.builds(
    lambda marks, name, case: tuple(mark.format(case(name)) for mark in marks), around, names, cased
) | st.sampled_from([*HARMONY, *FOLDS])
plain = [
    DRAFT, "  sorry", "```lean4", "```", "~~~", "/-", "-/", "--", '"', "`", "> ", "Let me see.", "exact h", "<answer>",
    "-- so", "  exact h -- and", "",
]  # fmt: skip
begun = ["<think>", "[analysis]", "<|channel|>analysis<|message|>"]
drafts = st.lists(st.sampled_from([*plain, *begun]), max_size=12).map("\n".join)
unmarked = st.lists(st.sampled_from(plain), max_size=12).map("\n".join)


@given(tags, drafts)
def test_what_stands_between_marks_is_no_part_of_the_answer(marks: tuple[str, str], draft: str) -> None:
    """Nor does a fence, a comment or a string that it leaves open hide where it ends."""
    opens, closes = marks
    assert without_thoughts(f"{opens}\n{draft}{closes}\n{ANSWER}").lstrip("\n") == ANSWER  # type: ignore[union-attr]
    found = extract(f"Sure.\n\n{opens}{draft}\n{closes}\n\n{ANSWER}", "t", STATEMENT)
    assert found.source == f"{PROOF}\n"


@given(tags, st.sampled_from([DRAFT, f"```lean4\n{DRAFT}\n```", f"```lean4\n{DRAFT}", f"<answer>{DRAFT}</answer>"]))
def test_a_draft_is_not_judged_where_no_answer_follows(marks: tuple[str, str], draft: str) -> None:
    opens, closes = marks
    for text in (f"{opens}\n{draft}\n{closes}", f"{opens}{draft}{closes}\nSo it holds."):
        assert extract(text, "t", STATEMENT).source is None
        found = extract(f"````\n{text}\n````", "t", STATEMENT)
        assert f"{DRAFT}\n" not in {found.source, *(way.source for way in found.others)}


@given(tags, st.sampled_from([DRAFT, f"```lean4\n{DRAFT}\n```", f"```lean4\n{DRAFT}"]))
def test_thoughts_without_an_end_hide_what_is_behind_them(marks: tuple[str, str], draft: str) -> None:
    """In brackets, a word like `[Analysis]` may be a heading where nothing ends it."""
    opens = marks[0]
    if opens.startswith("[") and without_thoughts(opens) == opens:
        return
    assert without_thoughts(f"{opens}\n{draft}") is None
    wrong = "theorem t : p → p := by\n  wrong"
    for before in ("", f"```lean4\n{wrong}\n```\n", f"```lean4\n{wrong}\n", "Let me see. ", "> ", "- ", "Hm, "):
        found = extract(f"{before}{opens}\n{draft}", "t", STATEMENT)
        assert all("exact id" not in str(way.source) for way in (found, *found.others))


@given(
    tags,
    st.sampled_from(["<|start|>assistant<|channel|>final<|message|>", "<|START_RESPONSE|>", "<|begin_of_solution|>"]),
)
def test_a_final_answer_ends_thoughts_that_have_no_end(marks: tuple[str, str], final: str) -> None:
    assert without_thoughts(f"{marks[0]}\n```lean4\n{DRAFT}\n{final}{ANSWER}") == ANSWER
    assert without_thoughts(f"```lean4\n{DRAFT}\n```\n{final}{ANSWER}") == ANSWER


def test_a_tag_for_the_answer_ends_reasoning_that_a_prompt_asked_for() -> None:
    found = extract(f"<reasoning>\n```lean4\n{DRAFT}\n```\n\n<answer>\n{PROOF}\n</answer>", "t", STATEMENT)
    assert found.source == f"{PROOF}\n"


@pytest.mark.parametrize(
    "marks", [("analysis", "assistantfinal"), ("analysis", "assistantcommentaryNow\nassistantfinal")]
)
def test_channels_are_known_without_their_special_tokens(marks: tuple[str, str]) -> None:
    assert without_thoughts(f"{marks[0]}We try\n```lean4\n{DRAFT}\n{marks[1]}{ANSWER}") == ANSWER
    assert without_thoughts(f"analysisWe try\n{DRAFT}") is None
    assert without_thoughts("analysis of it: assistantfinal") == "analysis of it: assistantfinal"


@pytest.mark.parametrize("mark", ["</think>", "</thought_process>", "[/THINK]", "<|END_THINKING|>", "</ Reasoning >"])
@given(unmarked)
def test_an_end_without_a_beginning_ends_what_the_prompt_began(mark: str, draft: str) -> None:
    for text in (f"{draft}\n{mark}\n{ANSWER}", f"So, {DRAFT} -- it is.{mark}\n\n{ANSWER}"):
        assert str(without_thoughts(text)).strip() == ANSWER


@pytest.mark.parametrize("outer", ["<thinking>", "[THINK]", "<|START_THINKING|>", '<think type="x">'])
@given(names.filter(lambda name: name not in ("think", "thinking")), cased, st.sampled_from([*plain, *begun]))
def test_what_ends_thoughts_within_thoughts_ends_no_others(
    outer: str, name: str, case: Callable[[str], str], draft: str
) -> None:
    closes = {"<": "</thinking>", "[": "[/THINK]"}[outer[0]] if "|" not in outer else "<|END_THINKING|>"
    text = f"{outer}\n<{case(name)}>\nso\n</{case(name)}>\n```lean4\n{DRAFT}\n```\n{draft}"
    assert without_thoughts(text) is None
    assert str(without_thoughts(f"{text}\n{closes}\n{ANSWER}")).strip() == ANSWER


def test_thoughts_may_name_what_ends_them() -> None:
    for named in ("I close with `</think>`, then", "It is <think>...</think> and then"):
        assert without_thoughts(f"<think>\n{named}\n```lean4\n{DRAFT}\n```\nhm") is None
        assert without_thoughts(f"<think>\n{named}\n```lean4\n{DRAFT}\n```\n</think>{ANSWER}") == ANSWER


WORDS = [
    "longcat_think", "think_fast", "reasoning_content", "self_reflection", "proof-analysis", "deep thinking",
    "thought_1", "draft-2", "proof_plan", "initial_attempt", "working_out", "rough_work", "rationale",
    "thinking_out_loud", "think hidden",
]  # fmt: skip
FORMS = [
    ("<{}>", "</{}>"), ("<start_{}>", "<end_{}>"), ("<|{}_start|>", "<|{}_end|>"), ("<{}_start>", "<{}_end>"),
    ("&lt;{}&gt;", "&lt;/{}&gt;"), ("\\<{}\\>", "\\</{}\\>"), ("<{}\n>", "</{}\n>"),
]  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
@given(st.sampled_from(FORMS), cased, drafts)
def test_a_word_for_thoughts_among_others_names_a_mark(
    name: str, form: tuple[str, str], case: Callable[[str], str], draft: str
) -> None:
    opens, closes = (mark.format(case(name)) for mark in form)
    assert str(without_thoughts(f"{opens}\n{draft}\n{closes}\n{ANSWER}")).strip() == ANSWER
    assert without_thoughts(f"{opens}\n{DRAFT}") is None


@pytest.mark.parametrize("name", ["answer", "no_thinking", "rethink", "thoughtful_proof", "sketchy", "planet", "final"])
def test_other_words_name_none(name: str) -> None:
    assert without_thoughts(f"<{name}>\n{PROOF}\n</{name}>") == f"<{name}>\n{PROOF}\n</{name}>"
    assert without_thoughts(PROOF.replace("exact h", "simp [thought_1, draft_2]")) is not None


@pytest.mark.parametrize(
    "marks", [("<|im_start|>think\n", "<|im_start|>answer\n"), ("<unused94>thought\n", "<unused95>")]
)
def test_special_tokens_may_say_it_otherwise(marks: tuple[str, str]) -> None:
    text = f"{marks[0]}```lean4\n{DRAFT}\n```\n"
    assert without_thoughts(text) is None
    assert str(without_thoughts(f"{text}{marks[1]}{ANSWER}")).strip() == ANSWER


@pytest.mark.parametrize("opens", ["analysis", "commentary", "assistantanalysis"])
@pytest.mark.parametrize(
    "said", ["we try", "1. try", "**Plan**", "(We try)", "\nWe try", " We try", "\n\nwe try", "<b>"]
)
def test_a_channel_may_be_glued_to_any_text_and_apart_from_it_where_the_answer_is_named(opens: str, said: str) -> None:
    text = f"{opens}{said}\n```lean4\n{DRAFT}\n```\nhm."
    assert without_thoughts(f"{text}assistantfinal{ANSWER}") == ANSWER
    assert without_thoughts(text) == (text if said[0].isspace() else None)


@pytest.mark.parametrize(
    "mark", ["assistantfinal", "<channel|>", "<|end|><|begin|>assistant<|content|>", "<|channel|>final<|message|>"]
)
@given(unmarked)
def test_an_answer_that_is_named_ends_what_the_prompt_began(mark: str, draft: str) -> None:
    assert without_thoughts(f"{draft}\nhm.{mark}{ANSWER}") == ANSWER


def test_a_message_that_the_prompt_began_is_none_where_another_channel_follows() -> None:
    begun, goes_on = f"hm\n```lean4\n{DRAFT}\n```", "<|end|><|start|>assistant<|channel|>commentary<|message|>I check"
    assert without_thoughts(f"{begun}{goes_on}") is None
    final = f"<|channel|>final<|message|>{ANSWER}"
    assert without_thoughts(f"<|channel|>thoughts<|message|>x{final}{goes_on}") == ANSWER
    assert without_thoughts(f"final{PROOF}") == PROOF
    assert without_thoughts(f"finally\n{PROOF}") == f"finally\n{PROOF}"


BEFORE = [
    "[gMASK]<sop>", "<bos>", "<s>", "assistant", "<answer>", "</answer>", "<div>", "1) ", "\u2022 ", "\u2014 ",
    "| ", "(",
]  # fmt: skip


@pytest.mark.parametrize("before", [*BEFORE, "Okay, ", "Sure"])
def test_thoughts_begin_behind_tokens_tags_and_bullets_and_where_a_sentence_begins(before: str) -> None:
    text = f"{before}<think> Let me try\n```lean4\n{DRAFT}\n```\nhm"
    assert "exact id" not in str(without_thoughts(text))
    assert str(without_thoughts(f"{text}</think>\n{ANSWER}")).strip() == ANSWER
    if before in BEFORE:
        assert "exact id" not in str(without_thoughts(text.replace("Let", "let")))


def test_a_sentence_that_goes_on_behind_a_mark_names_it() -> None:
    for text in ("You asked for no thinking, <think> is not used.", "-- <think> Not here", "def f := 1 -- <think> No"):
        assert without_thoughts(f"{text}\n{PROOF}") == f"{text}\n{PROOF}"


MARKS = [
    "<think>", "</think>", "<Thinking>", "</thinking>", '<think type="x">', "[THINK]", "[/THINK]", "<details>",
    "</details>", "<details><summary>Draft</summary>", "<reasoning>", "</reasoning>", "<|START_THINKING|>",
    "<|END_THINKING|>", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "<|end|>", "◁think▷",
    "◁/think▷",
]  # fmt: skip
LEAN = [
    "theorem t : p → p := by\n  -- {} about it\n  intro h\n  exact h",
    "theorem t : p → p := by\n  -- {}\n  intro h\n  exact h",
    "theorem t : p → p := by -- {}\n  intro h\n  exact h",
    "-- first. {}\n" + PROOF,
    "/-- {} -/\n" + PROOF,
    "/-- As in\n{}\n or `{}`.\n-/\n" + PROOF,
    "/- {} {}\n   /- nested -/\n-/\n" + PROOF,
    'def s := "{}"\n\n' + PROOF,
    'def s := "\\"{}" ++ "a {} b" -- c\n\n' + PROOF,
    PROOF + " /- {} -/",
]


@given(st.sampled_from(LEAN), st.sampled_from(MARKS))
def test_a_mark_in_lean_text_is_text(lean: str, mark: str) -> None:
    text = lean.replace("{}", mark)
    assert extract(text, "t", STATEMENT).source == f"{text}\n"
    for answer in (
        f"```lean4\n{text}\n```",
        f"The proof:\n\n```lean4\n{text}\n```\n\nIt has no `{mark}` in it.\n\n```\nno goals\n```",
        f"<think>\n```lean4\n{DRAFT}\n</think>\n```lean4\n{text}\n```",
        f"````markdown\n```lean4\n{text}\n```\n````",
    ):
        assert extract(answer, "t", STATEMENT).source == f"{text}\n"


@pytest.mark.parametrize("mark", MARKS)
def test_a_sentence_may_name_a_mark(mark: str) -> None:
    assert extract(f'No `{mark}` or "{mark}" here.\n\n{ANSWER}', "t", STATEMENT).source == f"{PROOF}\n"


@pytest.mark.parametrize(
    "summary", ["Proof", "Full Lean 4 code", "Solution", "The final answer", "Proof by case analysis"]
)
def test_a_fold_that_says_so_is_the_answer(summary: str) -> None:
    fold = f"<details>\n<summary>{summary}</summary>\n\n{{}}\n\n</details>\n"
    for inside in (ANSWER, PROOF):
        assert extract(fold.format(inside), "t", STATEMENT).source == f"{PROOF}\n"
    wrong = f"```lean4\n{DRAFT}\n```"
    assert extract(f"{wrong}\n{fold.format(ANSWER)}", "t", STATEMENT).source == f"{PROOF}\n"
    assert extract(f"{fold.format(wrong)}\n{ANSWER}", "t", STATEMENT).source == f"{PROOF}\n"


@pytest.mark.parametrize("opens", ["<details>", "<details open>", "<details><summary>Click to expand</summary>"])
def test_a_fold_that_does_not_say_is_thoughts_where_the_answer_is_beside_it(opens: str) -> None:
    inside = f"{opens}\n\n```lean4\n{DRAFT}\n```\n\n</details>\n"
    assert extract(f"{inside}\n{ANSWER}", "t", STATEMENT).source == f"{PROOF}\n"
    assert extract(f"{ANSWER}\n\n{inside}", "t", STATEMENT).source == f"{PROOF}\n"
    assert extract(f"It holds.\n{inside}\nThat is all.", "t", STATEMENT).source == f"{DRAFT}\n"
    assert extract(f"{opens}\n\n{ANSWER}", "t", STATEMENT).source == f"{PROOF}\n"


@pytest.mark.parametrize("mark", ["</think>", "</thinking>", "[/THINK]", "<|END_THINKING|>"])
def test_an_end_said_once_more_behind_the_answer_ends_nothing(mark: str) -> None:
    opens = mark.replace("/", "").replace("END", "START")
    for answer in (ANSWER, PROOF, f"<answer>\n{PROOF}\n</answer>"):
        assert extract(f"{opens}x{mark}\n\n{answer}\n{mark}\n", "t", STATEMENT).source == f"{PROOF}\n"
        assert "intro" not in str(extract(f"{opens}x{mark}\n\n{answer}\n{mark}\nNone.", "t", STATEMENT))
        assert "intro" not in str(extract(f"{answer}\n{mark}\n", "t", STATEMENT))


def test_thoughts_about_the_answer_before_them_leave_it_the_answer() -> None:
    for rest in ("", "It is right."):
        assert extract(f"{ANSWER}\n\n<think>\nIs it? Yes.\n</think>\n{rest}", "t", STATEMENT).source == f"{PROOF}\n"
    for rest in ("I have no proof.", "It cannot be right.", "I was unable to."):
        assert extract(f"{ANSWER}\n\n<think>\nIs it?\n</think>\n{rest}", "t", STATEMENT).source is None
    again = extract(f"```lean4\n{DRAFT}\n```\n<think>\nIs it?\n</think>\n{ANSWER}", "t", STATEMENT)
    assert (again.source, again.others) == (f"{PROOF}\n", ())


@pytest.mark.parametrize("said", [
    "I left them out of <think> and </think> tags.", "(There is no <reasoning></reasoning> block.)",
    "- <thinking> tags: none", "It was </think> token.",
])  # fmt: skip
def test_tags_that_a_sentence_speaks_of_are_text(said: str) -> None:
    for text in (f"{ANSWER}\n\n{said}", f"{said}\n\n{ANSWER}"):
        assert extract(text, "t", STATEMENT).source == f"{PROOF}\n"


DENIED = [
    "Incorrect solution", "Broken proof", "My first proof (had an error)", "Rejected proof", "Withdrawn proof",
    "Proof that does not work", "Example answer", "Unfinished proof", "Superseded solution", "Initial solution",
]  # fmt: skip


@pytest.mark.parametrize("opens", [*(f"<details><summary>{said}</summary>" for said in DENIED),
    '<details type="reasoning" done="true">', '<details class="thinking">'])  # fmt: skip
def test_a_fold_that_is_no_answer_by_its_own_words_is_none_where_it_stands_alone(opens: str) -> None:
    assert extract(f"{opens}\n\n{ANSWER}\n\n</details>\n\nI have none.", "t", STATEMENT).source is None


BESIDE = [
    "---", "| a | b |\n|---|---|\n| c | d |", "It holds\nby what is given.", "```bash\nlake env lean a.lean\n```",
    "```lean4\n#check t\n```", f"```lean4\n{STATEMENT}\n```",
]  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("summary", ["Show", "Here it is", "Source"])
def test_what_proves_nothing_beside_a_fold_leaves_it_the_answer(beside: str, summary: str) -> None:
    fold = f"<details>\n<summary>{summary}</summary>\n\n{ANSWER}\n\n</details>"
    for text in (f"{beside}\n\n{fold}", f"{beside}\n\n{fold}\n\nThat is all."):
        assert extract(text, "t", STATEMENT).source == f"{PROOF}\n"
    for proves in (f"```lean4\n{DRAFT}\n```", "```lean4\nfun h => h\n```", DRAFT, f"<answer>{DRAFT}</answer>"):
        found = extract(f"{fold}\n\n{beside}\n\n{proves}", "t", STATEMENT)
        assert "intro h" not in str([found.source, *(way.source for way in found.others)])


def test_lemmas_in_a_fold_belong_to_the_theorem_that_names_them() -> None:
    fold = "<details><summary>{}</summary>\n\n```lean4\ntheorem aux : p → p := id\n```\n\n</details>\n\n"
    for summary, lemma in (("Helpers", "theorem aux : p → p := id\n\n"), ("A failed helper", "")):
        found = extract(f"{fold.format(summary)}```lean4\ntheorem t : p → p := aux\n```", "t", STATEMENT)
        ways = [found.source, *(way.source for way in found.others)]
        assert (f"{lemma}theorem t : p → p := aux\n" in ways) and any("id" in str(way) for way in ways) == bool(lemma)


def test_folds_within_folds_end_with_the_outer_one() -> None:
    inner = f"<details><summary>Proof</summary>\n```lean4\n{DRAFT}\n```\n</details>"
    text = f"<details><summary>Thoughts</summary>\n{inner}\n```lean4\n{DRAFT}\n```\n</details>\n{ANSWER}"
    assert str(without_thoughts(text)).strip() == ANSWER


edges = [*MARKS, "</details>", "\n", "\n\n", "```", "```lean4\n", "````", "/-", "-/", "--", '"', "`", " ", "x."]


@given(st.lists(st.sampled_from(edges) | st.text(max_size=4), max_size=30).map("".join))
def test_whatever_comes_what_is_left_of_it_is_its_own_text_in_its_order(text: str) -> None:
    found = without_thoughts(text)
    rest = iter(text)
    assert found is None or all(character in rest for character in found)


@pytest.mark.parametrize("unit", [
    "`</think>` ", "-- </think>\n", '"<think>" ', "/- </think>\n", "<|end|>", "<details>", "<details><summary>",
    "```\n</think>\n", "<|channel|>analysis", "[analysis] ", "<think a=", "</details>\n", "/- </think> -/ ",
    "x. <think>\n```\n", "<aaaaaaaaaaaa", "<a_a_a_a_a_a_", "<thinking>\n<draft>\n", "x\n<think>a</think>\n",
    "&lt;a b c d e ",
    "- - - - - - <think> a\n", "<b><think> a",
])  # fmt: skip
def test_its_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        without_thoughts(text)
        return time.process_time() - began

    few, many = (min(seconds(length) for _ in range(3)) for length in (20_000, 160_000))
    assert many < 40 * few + 0.5
