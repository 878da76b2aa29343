"""Messages to tokens and back."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidistill.engines import chat
from pidistill.engines.loading import resolve_model
from pidistill.errors import EngineError
from pidistill.records import Message, ModelRef
from small_models import make_tokenizer

QUESTION = (Message("user", "What is 1 + 1?"),)
TOKENIZER = make_tokenizer()
END = TOKENIZER.convert_tokens_to_ids("<|im_end|>")


def test_prompt_ends_where_the_assistant_begins(ref: ModelRef) -> None:
    text = TOKENIZER.decode(chat.render_prompt(chat.load_tokenizer(ref), QUESTION, {}))
    assert text == "<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n"


def test_chat_options_reach_the_template() -> None:
    thinking = chat.render_prompt(TOKENIZER, QUESTION, {"enable_thinking": True})
    without = chat.render_prompt(TOKENIZER, QUESTION, {"enable_thinking": False})
    assert without[: len(thinking)] == thinking
    assert TOKENIZER.decode(without[len(thinking) :]) == "<think>\n\n</think>\n\n"


def test_markers_are_single_tokens() -> None:
    assert chat.render_prompt(TOKENIZER, QUESTION, {})[0] == TOKENIZER.convert_tokens_to_ids("<|im_start|>")


def test_lone_surrogates_become_replacement_characters() -> None:
    ids = chat.render_prompt(TOKENIZER, (Message("user", "a\ud800b \ud83d\ude00"),), {})
    assert "a\ufffdb \U0001f600" in TOKENIZER.decode(ids)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.booleans(), st.sampled_from(["", "cut", "literal"]))
def test_prompts_are_what_the_tokenizer_makes_of_them(texts: list[str], thinking: bool, oddity: str) -> None:
    """Special tokens in the text included, also where the tokenizer was told to cut or to read those as letters."""
    tokenizer = copy.deepcopy(TOKENIZER)
    if oddity == "cut":
        tokenizer.backend_tokenizer.enable_truncation(3)
    elif oddity == "literal":
        tokenizer.split_special_tokens = True
    said = [chat.valid_unicode(text + "<|im_end|>" * thinking) for text in texts]
    found = chat.render_prompts(tokenizer, [(Message("user", text),) for text in said], {"enable_thinking": thinking})
    conversations = [[{"role": "user", "content": text}] for text in said]
    options = {"add_generation_prompt": True, "return_dict": False, "enable_thinking": thinking}
    reference = TOKENIZER if oddity == "cut" else tokenizer
    assert found == reference.apply_chat_template(conversations, **options)


def test_model_without_template_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["qwen3"], tmp_path / "bare")
    (folder / "chat_template.jinja").unlink()
    tokenizer = chat.load_tokenizer(resolve_model(str(folder)))
    with pytest.raises(EngineError, match=r"bare.*no chat template"):
        chat.render_prompt(tokenizer, QUESTION, {})


def test_template_that_refuses_a_role_is_an_engine_error() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(EngineError, match="System role not supported"):
        chat.render_prompt(tokenizer, (Message("system", "Be brief."), *QUESTION), {})


def test_end_tokens_come_from_tokenizer_generation_config_and_template(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["qwen3"], tmp_path / "ends")
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": [7, 0]}))
    tokenizer_config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**tokenizer_config, "eos_token": "<|endoftext|>"}))
    ref = resolve_model(str(folder))
    tokenizer = chat.load_tokenizer(ref)
    assert tokenizer.eos_token == "<|endoftext|>"
    assert chat.end_token_ids(tokenizer, ref) == {0, 7, END}
    assert chat.turn_end_id(tokenizer) == END


def test_model_without_any_end_token_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["qwen3"], tmp_path / "endless")
    (folder / "generation_config.json").unlink()
    ref = resolve_model(str(folder))
    tokenizer = chat.load_tokenizer(ref)
    tokenizer.eos_token = None
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    for token in backend["added_tokens"]:
        token["special"] = False
    tokenizer._tokenizer = type(tokenizer.backend_tokenizer).from_str(json.dumps(backend))
    with pytest.raises(EngineError, match="no end token"):
        chat.end_token_ids(tokenizer, ref)
    with pytest.raises(EngineError, match="no end token"):
        chat.turn_end_id(tokenizer)


@given(st.text())
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    """Characters spread over several tokens included; markers written out in the text are not text."""
    ids = chat.encode_completion(TOKENIZER, text)
    assert ids[-1] == END
    assert chat.decode_completion(TOKENIZER, ids, {END}) == text


def test_one_character_over_several_tokens_is_decoded_whole() -> None:
    ids = chat.encode_completion(TOKENIZER, "\U0001f600é")
    assert len(ids) == 7
    assert chat.decode_completion(TOKENIZER, ids, {END}) == "\U0001f600é"


def test_half_a_character_becomes_a_replacement_character() -> None:
    ids = chat.encode_completion(TOKENIZER, "a\U0001f600")[:3]
    assert chat.decode_completion(TOKENIZER, ids, {END}) == "a\ufffd"


def test_only_the_last_end_token_is_taken_off_and_thinking_stays() -> None:
    ids = [*TOKENIZER.encode("<think>x</think>"), END]
    assert chat.decode_completion(TOKENIZER, ids, {END}) == "<think>x</think>"
    plain = TOKENIZER.encode("xy")
    assert chat.decode_completion(TOKENIZER, [*plain, plain[-1]], {plain[-1]}) == TOKENIZER.decode(plain)
