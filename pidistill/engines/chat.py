"""From messages to prompt tokens, and from completion tokens back to text. The only place where either is done.

Engines sample with these functions and trainers build their batches with them, so a completion is trained on behind
exactly the tokens it was sampled behind. The template is the model's own; its options (such as Qwen3's
`enable_thinking`) come from `ModelRef.chat` and are passed through as they are. Which problem becomes which messages is
the domain's business, and what feedback says is that of the PI forms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pidistill.contracts import Request
from pidistill.engines.loading import has_file, pretrained_source
from pidistill.errors import EngineError, MissingDependencyError
from pidistill.records import JSON, Messages, ModelRef

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>")
"""Tokens that end an assistant's turn in common templates. Base models often declare only their end of *text* as end
token, and would run on into an imagined next turn."""


def load_tokenizer(ref: ModelRef) -> PreTrainedTokenizerBase:
    """The tokenizer of `ref`'s base model, with its chat template. Raises `EngineError` naming the model."""
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingDependencyError("transformers", "train", "Rendering prompts") from error
    try:
        source = pretrained_source(ref)
        tokenizer = AutoTokenizer.from_pretrained(source.name, revision=source.revision)
    except (OSError, ValueError, ImportError) as error:
        raise EngineError(
            f"Cannot load the tokenizer of model {ref.base!r}: {error}",
            "The folder or hub repository needs tokenizer.json and tokenizer_config.json next to config.json.",
        ) from error
    return tokenizer


def render_prompt(tokenizer: PreTrainedTokenizerBase, messages: Messages, chat: Mapping[str, JSON]) -> list[int]:
    """Token ids of one conversation; see `render_prompts`."""
    return render_prompts(tokenizer, [messages], chat)[0]


def render_prompts(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Messages], chat: Mapping[str, JSON]
) -> list[list[int]]:
    """Token ids of each conversation in the model's chat template, up to where the assistant's turn begins.

    Several at once take less than half the time of one by one.

    Args:
        tokenizer: from `load_tokenizer`.
        conversations: not yet answered. Lone surrogates, which no tokenizer can take, become U+FFFD.
        chat: options for the template.

    Raises:
        EngineError: the model has no chat template, or its template refuses one of the conversations.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise EngineError(
            f"Model {tokenizer.name_or_path!r} has no chat template, so messages cannot be turned into a prompt.",
            "Use an instruction-tuned model, or put a chat_template.jinja into the model's folder.",
        )
    if not conversations:
        return []
    options: dict[str, Any] = dict(chat)
    plain = [
        [{"role": message.role, "content": valid_unicode(message.content)} for message in messages]
        for messages in conversations
    ]
    try:
        texts = tokenizer.apply_chat_template(plain, add_generation_prompt=True, tokenize=False, **options)
    except TemplateError as error:
        roles = " / ".join(sorted({", ".join(message.role for message in messages) for messages in conversations}))
        raise EngineError(
            f"The chat template of {tokenizer.name_or_path!r} refuses a conversation with the roles {roles}: {error}",
            "Some templates know no system role, or want user and assistant to alternate: change the domain's prompt.",
        ) from error
    return _encoded(tokenizer, cast(list[str], texts))


def _encoded(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    """Token ids of rendered prompts, which hold their special tokens already."""
    from transformers import TokenizersBackend

    plain = isinstance(tokenizer, TokenizersBackend) and (
        type(tokenizer)._encode_plus is TokenizersBackend._encode_plus
        and tokenizer.backend_tokenizer.encode_special_tokens == tokenizer.split_special_tokens
        and tokenizer.backend_tokenizer.truncation is tokenizer.backend_tokenizer.padding is None
    )
    if not plain:
        return cast(list[list[int]], tokenizer(texts, add_special_tokens=False)["input_ids"])
    encodings = tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [encoding.ids for encoding in encodings]  # the call's, without masks and offsets that nobody asks for


def render_requests(
    tokenizer: PreTrainedTokenizerBase, requests: Sequence[Request], chat: Mapping[str, JSON]
) -> list[Sequence[int]]:
    """The prompt of each request in tokens: those that come rendered as they are, the others by `render_prompts`."""
    rendered = iter(render_prompts(tokenizer, [r.messages for r in requests if r.token_ids is None], chat))
    return [next(rendered) if request.token_ids is None else request.token_ids for request in requests]


def end_token_ids(tokenizer: PreTrainedTokenizerBase, ref: ModelRef) -> frozenset[int]:
    """Ids of every token that ends a completion: the tokenizer's, the generation config's and the turn ends it knows.

    Raises:
        EngineError: there is none, so every completion would run to its limit.
    """
    from transformers import GenerationConfig

    ends: set[int] = set()
    if tokenizer.eos_token_id is not None:
        ends.add(int(tokenizer.eos_token_id))
    if has_file(ref, "generation_config.json"):
        source = pretrained_source(ref)
        declared = GenerationConfig.from_pretrained(source.name, revision=source.revision).eos_token_id
        ends.update([declared] if isinstance(declared, int) else declared or [])
    ends.update(_turn_ends(tokenizer))
    if not ends:
        raise EngineError(
            f"Model {ref.base!r} declares no end token, so no completion would ever end.",
            "Set eos_token in its tokenizer_config.json or eos_token_id in its generation_config.json.",
        )
    return frozenset(ends)


def turn_end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that a finished assistant turn ends with: what to append to a completion that came without token ids.

    Raises:
        EngineError: the tokenizer has neither a turn end nor an end token.
    """
    for token in _turn_ends(tokenizer):
        return token
    if tokenizer.eos_token_id is None:
        raise EngineError(
            f"Tokenizer {tokenizer.name_or_path!r} has no end token.", "Set eos_token in its tokenizer_config.json."
        )
    return int(tokenizer.eos_token_id)


def decode_completion(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], ends: Collection[int]) -> str:
    """Text of a completion without its end token and without special tokens.

    All ids are decoded at once, since one character may be spread over several tokens. Bytes that are no UTF-8, such
    as half a character where a completion was cut off, become U+FFFD.
    """
    body = list(token_ids)
    if body and body[-1] in ends:
        body.pop()
    text = tokenizer.decode(body, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text


def encode_completion(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a finished completion known only as text: its tokens, then the turn's end token."""
    ids = tokenizer.encode(valid_unicode(text), add_special_tokens=False)
    return [*ids, turn_end_id(tokenizer)]


def _turn_ends(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids of those `TURN_ENDS` that are special tokens of this tokenizer, in order."""
    special = {str(token): index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    return [special[token] for token in TURN_ENDS if token in special]


def valid_unicode(text: str) -> str:
    """`text` as valid Unicode: surrogate pairs joined, lone surrogates replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
