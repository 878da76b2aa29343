"""The tokenizer of the tiny models: byte-level BPE with single-digit tokens and a chat template in Qwen3's format.

Byte-level, so any text survives encoding and decoding. Digits are never merged, so a number is spelt the way the
arithmetic on it is done. The template writes `<|im_start|>role`, the text and `<|im_end|>` for each message. It accepts
`enable_thinking` as Qwen3's does, but writes no think block: these models do not think, whatever the option says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TURN_START: Final = "<|im_start|>"
TURN_END: Final = "<|im_end|>"
TEXT_END: Final = "<|endoftext|>"

CHAT_TEMPLATE: Final = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

PIECES: Final = r"\d|\n|\\boxed\{| [-+*/=] | ?[A-Za-z]+| ?[^\w\s]|\s"
"""What BPE may merge within but not across: a digit, a line end, the box, an operator, a word, a sign.

A domain may have pieces of its own, with single digits in any case.
"""


def train_tokenizer(texts: Iterable[str], vocabulary: int, pieces: str = PIECES) -> PreTrainedTokenizerFast:
    """A tokenizer with at most `vocabulary` tokens, the 256 bytes and three special tokens among them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pieces), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[TEXT_END, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=TEXT_END,
        additional_special_tokens=[TURN_START],
        chat_template=CHAT_TEMPLATE,
        model_max_length=1024,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
