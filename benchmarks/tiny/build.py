"""`python -m benchmarks.tiny.build DOMAIN`: make a domain's embedded model from nothing, measure it, write its card.

Tokenizer, pretraining and measurement take about a quarter of an hour on one CPU core. The folder written is the
one the domain's package ships; `--out` writes somewhere else. The same settings on the same number of threads give the
same weights. `--card-only` measures a folder that is there again and rewrites its card.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3ForCausalLM

from benchmarks.tiny.corpus import Conversation
from benchmarks.tiny.domains import DOMAINS, TinyDomain, tiny_domain
from benchmarks.tiny.evaluation import render
from benchmarks.tiny.measure import measure, table
from benchmarks.tiny.tokenizer import TURN_END, train_tokenizer
from benchmarks.tiny.training import Pretraining, Tokens, new_model, pretrain
from pidistill.records import JSON

LARGEST_FOLDER = 4_000_000
"""Bytes that a shipped model may take, tokenizer and card included."""
TOKENIZER_SAMPLE = 20_000
"""Conversations that the tokenizer's merges are learned from."""


def build(domain: TinyDomain, out: Path, settings: Pretraining, problems: int = 500) -> dict[str, JSON]:
    """Build the model of `domain` into `out` and return what was measured on `problems` test problems.

    Raises `ValueError` if the folder comes out larger than may be shipped.
    """
    torch.set_num_threads(settings.threads)
    start = time.perf_counter()
    corpora = [
        list(domain.textbook(settings.textbook, settings.seed)),
        list(domain.web(settings.web, settings.seed)),
    ]
    sample = tokenizer_texts(corpora[-1][:TOKENIZER_SAMPLE])
    tokenizer = train_tokenizer(sample, settings.vocabulary, domain.pieces)
    phases = [tokenize(corpus, tokenizer) for corpus in corpora]
    tokens = sum(len(row) for phase in phases for row in phase)
    print(
        f"{settings.textbook} + {settings.web} conversations, {tokens} tokens, vocabulary {len(tokenizer)}", flush=True
    )
    model = new_model(settings, tokenizer)
    loss = pretrain(model, phases, settings, lambda line: print(line, flush=True))
    save(model, tokenizer, out)
    facts: dict[str, JSON] = {
        "parameters": model.num_parameters(),
        "tokens": tokens,
        "loss": round(loss, 4),
        "minutes": round((time.perf_counter() - start) / 60, 1),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
    return write_card(domain, out, settings, facts, problems)


def write_card(
    domain: TinyDomain, out: Path, settings: Pretraining, facts: Mapping[str, JSON], problems: int = 500
) -> dict[str, JSON]:
    """Measure the weights in `out` as they are loaded from there, and write README.md and evaluation.json beside them.

    Raises `ValueError` if the folder is larger than may be shipped.
    """
    shipped = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    report = measure(shipped, AutoTokenizer.from_pretrained(out), domain.exam, problems)
    print(table(report))
    (out / "README.md").write_text(domain.card(settings, report, facts), "utf-8")
    evaluation: dict[str, JSON] = {
        "settings": dataclasses.asdict(settings),
        "facts": dict(facts),
        "evaluation": report,
    }
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in out.iterdir())
    if size > LARGEST_FOLDER:
        raise ValueError(f"{out} takes {size} bytes, more than the {LARGEST_FOLDER} that may be shipped.")
    return evaluation


def tokenizer_texts(corpus: Sequence[Conversation]) -> list[str]:
    """The texts of a corpus, and the role names that the chat template adds."""
    texts = [message.content for talk in corpus for message in talk.messages] + [talk.completion for talk in corpus]
    return texts + ["system", "user", "assistant"] * 1000


def tokenize(corpus: Sequence[Conversation], tokenizer: PreTrainedTokenizerFast) -> list[Tokens]:
    """Prompts through the chat template and completions with their end token, as they will be at sampling time."""
    prompts = tokenizer([render(tokenizer, talk.messages) for talk in corpus], add_special_tokens=False)["input_ids"]
    completions = tokenizer([talk.completion + TURN_END for talk in corpus], add_special_tokens=False)["input_ids"]
    return [Tokens(prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write the model folder: config, generation config, bfloat16 weights, tokenizer, chat template."""
    out.mkdir(parents=True, exist_ok=True)
    model.config.dtype = torch.bfloat16
    model.config.save_pretrained(out)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.save_pretrained(out)
    tied = {"lm_head.weight"}
    weights = {k: v.to(torch.bfloat16).contiguous() for k, v in model.state_dict().items() if k not in tied}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(out)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: which domain, where to, and every pretraining setting by name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiny.build", description=__doc__)
    parser.add_argument("domain", choices=list(DOMAINS))
    parser.add_argument("--out", type=Path, help="folder to write (default: the one that the domain's package ships)")
    parser.add_argument("--card-only", action="store_true", help="measure the weights that are there, build none")
    parser.add_argument("--problems", type=int, default=500, help="test problems to measure on (default: %(default)s)")
    for field in dataclasses.fields(Pretraining):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), help="default: the domain's")
    options = vars(parser.parse_args(arguments))
    domain = tiny_domain(options["domain"])
    out: Path = options["out"] or domain.folder
    if options["card_only"]:
        written = json.loads((out / "evaluation.json").read_text("utf-8"))
        torch.set_num_threads(Pretraining(**written["settings"]).threads)
        write_card(domain, out, Pretraining(**written["settings"]), written["facts"], options["problems"])
        return 0
    given = {f.name: options[f.name] for f in dataclasses.fields(Pretraining) if options[f.name] is not None}
    build(domain, out, dataclasses.replace(domain.settings, **given), options["problems"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
