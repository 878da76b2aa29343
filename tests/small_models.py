"""Tiny models with random weights, real tokenizers and chat templates, made on the spot for tests.

`make_model` writes a complete Hugging Face folder in about 0.1 s (Qwen3, Qwen2 or Llama, some 50,000 parameters), and
`make_adapter` a LoRA adapter for it that changes what it says. The weights are drawn wide, so that next-token
distributions are neither flat nor one-hot and depend on the prompt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

Architecture = Literal["qwen3", "qwen2", "llama"]
ARCHITECTURES: tuple[Architecture, ...] = ("qwen3", "qwen2", "llama")

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false -%}
{{ '<think>\\n\\n</think>\\n\\n' }}
{%- endif -%}
{%- endif -%}
"""
"""ChatML with Qwen3's `enable_thinking` option."""

_CORPUS = ["What is 12 + 34? The answer is \\boxed{46}.", "Let us think step by step.", "user assistant system"] * 4
_CONFIGS = {"qwen3": Qwen3Config, "qwen2": Qwen2Config, "llama": LlamaConfig}


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer (any text round-trips) with ChatML markers, 300 tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=298,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def make_model(
    folder: Path,
    architecture: Architecture = "qwen3",
    *,
    seed: int = 0,
    hidden: int = 64,
    layers: int = 2,
    max_length: int = 512,
    spread: float = 0.15,
) -> Path:
    """Write a random model with tokenizer and chat template to `folder`, and return it.

    `spread` is the standard deviation of the weights: larger makes the next-token distributions sharper.
    """
    tokenizer = make_tokenizer()
    config = _CONFIGS[architecture](
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=hidden // 4,
        max_position_embeddings=max_length,
        initializer_range=spread,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(model_folder: Path, folder: Path, *, rank: int = 4, seed: int = 0, size: float = 0.2) -> Path:
    """Write a LoRA adapter with random, non-zero factors for the model in `model_folder` to `folder`, and return it.

    `size` is the standard deviation of both factors.
    """
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    lora = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * size)
    lora.save_pretrained(folder)
    return folder
