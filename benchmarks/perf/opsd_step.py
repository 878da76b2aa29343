"""A whole OPSD step (teacher, student, backward, optimizer) beside TRL's SDFT trainer, on the same tokens in one run.

    python benchmarks/perf/opsd_step.py [--model embedded | 0.6B | 1.7B] [--rows 4 --completion 128 --steps 3]

Sampling is left out on both sides: prompts, prompts with PI and completions (of unequal lengths, as in training) are
given as token ids. Both train LoRA factors of one rank on all linear layers with AdamW, against the frozen base as the
teacher, with forward KL on the whole vocabulary; `as shipped` is TRL's default, the student's 100 likeliest tokens.
Each side is a process of its own that loads the model, takes one step to warm up and then `--steps` timed ones; sides
take turns `--repeats` times and the best counts. Tokens a second are completion tokens; `processor` is in seconds of
all cores, which other programs do not add to. `peak` is the most memory above that of the loaded model: resident, or
torch's on a GPU.

`0.6B` and `1.7B` are random models of the shapes of Qwen3-0.6B and 1.7B (vocabulary 151,936), made on the spot.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

SHAPE = {
    "vocab_size": 151_936, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 4096,
    "tie_word_embeddings": True, "eos_token_id": 2, "pad_token_id": 0, "bos_token_id": None,
}  # fmt: skip
"""Of Qwen3-0.6B."""
LARGER = {**SHAPE, "hidden_size": 2048, "intermediate_size": 6144}
"""Of Qwen3-1.7B."""
RANK = 16
SIDES = ("pidistill", "trl", "trl, as shipped")
Step = Callable[[], None]


def make_model(folder: Path, dtype: torch.dtype = torch.float32, shape: dict[str, object] = SHAPE) -> Path:
    """Write a random model of `shape`, with the embedded model's tokenizer, to `folder`."""
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        Qwen3ForCausalLM(Qwen3Config(**shape)).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    AutoTokenizer.from_pretrained(embedded()).save_pretrained(folder)
    return folder


def embedded() -> str:
    """The folder of the embedded math model."""
    from pidistill.plugins import get_manager
    from pidistill.suite.resolve import model_name

    return model_name("embedded", "math", get_manager())


def draw(rows: int, prompt: int, completion: int, vocabulary: int) -> list[tuple[list[int], list[int], list[int]]]:
    """(prompt, prompt with PI, completion) of unequal lengths: completions from a quarter of `completion` to all."""
    generator = torch.Generator().manual_seed(0)

    def ids(length: int) -> list[int]:
        found: list[int] = torch.randint(3, vocabulary, (length,), generator=generator).tolist()
        return found

    lengths = [completion * (1 + 3 * row // max(1, rows - 1)) // 4 for row in range(rows)]
    return [(ids(prompt + row), ids(2 * prompt + row), ids(length)) for row, length in enumerate(lengths)]


def ours(
    model: str, rows: list[tuple[list[int], list[int], list[int]]], checkpointing: bool, micro: int, tokens: int,
    dtype: str,
) -> Step:  # fmt: skip
    from pidistill.config import TrainConfig
    from pidistill.contracts import TrainJob
    from pidistill.engines.loading import resolve_model
    from pidistill.train.examples import Encoded
    from pidistill.train.on_policy import Size, micro_batches
    from pidistill.train.opsd import Distillation
    from pidistill.train.optimizer import adamw
    from pidistill.train.weights import open_trainee

    config = TrainConfig(objective="opsd", lora_rank=RANK, lora_alpha=2 * RANK, batch_size=len(rows))
    job = TrainJob(resolve_model(model), [], config, seed=0, out_dir=Path("unused"), dtype=dtype)
    trainee = open_trainee(job, job.model)
    if checkpointing:
        trainee.model.gradient_checkpointing_enable({"use_reentrant": False})
    loss, parameters = Distillation(job, trainee), list(trainee.trainable().values())
    optimizer = adamw(config, parameters)
    batch = [Encoded(tuple(p), tuple(c), 1.0, tuple(told)) for p, told, c in rows]

    def step() -> None:
        for part in micro_batches(batch, micro, tokens):
            loss.backward(part, Size.of(batch))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def trl(
    model: str, rows: list[tuple[list[int], list[int], list[int]]], checkpointing: bool, micro: int, dtype: str,
    shipped: bool,
) -> Step:  # fmt: skip
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with warnings.catch_warnings(action="ignore"):
        from trl.experimental.sdft import SDFTConfig, SDFTTrainer

    loss = {} if shipped else {"distillation_mode": "full_logits", "distillation_alpha": 0.0}
    arguments = SDFTConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=len(rows), num_generations=1,
        gradient_checkpointing=checkpointing, report_to="none", bf16=dtype == "bfloat16",
        use_cpu=not torch.cuda.is_available(), **loss,
    )  # fmt: skip
    trainer = SDFTTrainer(
        AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype)), arguments,
        Dataset.from_dict({"prompt": ["a"], "privileged_context": ["b"]}),
        processing_class=AutoTokenizer.from_pretrained(model),
        peft_config=LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    device, micro = trainer.accelerator.device, micro or len(rows)
    parts = [_inputs(rows[start : start + micro], device) for start in range(0, len(rows), micro)]
    trainer.current_gradient_accumulation_steps = len(parts)
    trainer.model.train()
    optimizer = trainer.create_optimizer()
    parameters = [parameter for parameter in trainer.model.parameters() if parameter.requires_grad]

    def step() -> None:
        for inputs in parts:
            trainer.accelerator.backward(trainer.compute_loss(trainer.model, inputs))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def _inputs(rows: list[tuple[list[int], list[int], list[int]]], device: torch.device) -> dict[str, torch.Tensor]:
    """What TRL's trainer makes of a batch."""
    prompts, told, completions = (list(column) for column in zip(*rows, strict=True))
    (prompt_ids, prompt_mask), (told_ids, told_mask) = _padded(prompts, left=True), _padded(told, left=True)
    ids, mask = _padded(completions, left=False)
    inputs = {
        "prompt_ids": prompt_ids, "prompt_mask": prompt_mask, "completion_ids": ids, "completion_mask": mask,
        "teacher_input_ids": torch.cat([told_ids, ids], 1), "teacher_attention_mask": torch.cat([told_mask, mask], 1),
    }  # fmt: skip
    return {name: value.to(device) for name, value in inputs.items()}


def _padded(rows: list[list[int]], *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, rows))
    pads = [[0] * (longest - len(row)) for row in rows]
    ids = [[*pad, *row] if left else [*row, *pad] for row, pad in zip(rows, pads, strict=True)]
    ones = [[1] * len(row) for row in rows]
    mask = [[*pad, *one] if left else [*one, *pad] for one, pad in zip(ones, pads, strict=True)]
    return torch.tensor(ids), torch.tensor(mask)


def measure(side: str, options: argparse.Namespace) -> dict[str, float]:
    """One side, in this process: seconds, processor's seconds and peak memory of its steps."""
    from transformers import AutoConfig
    from transformers.utils import logging

    logging.set_verbosity_error()
    vocabulary = int(AutoConfig.from_pretrained(options.model).vocab_size)
    rows = draw(options.rows, options.prompt, options.completion, vocabulary)
    given = (options.model, rows, options.checkpointing, options.micro)
    if side == "pidistill":
        step = ours(*given, options.tokens, options.dtype)
    else:
        step = trl(*given, options.dtype, shipped="shipped" in side)
    gc.collect()
    gpu = torch.cuda.is_available()
    before = torch.cuda.memory_allocated() if gpu else _resident("VmRSS")
    step()
    if gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(options.steps):
        step()
    if gpu:
        torch.cuda.synchronize()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    tokens = options.steps * sum(len(completion) for _, _, completion in rows)
    peak = (torch.cuda.max_memory_allocated() if gpu else _resident("VmHWM")) - before
    return {"tokens": tokens, "seconds": seconds, "processor": busy, "peak": peak / 2**20}


def _resident(field: str) -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field)]
    return int(line.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="embedded", help="embedded, 0.6B, 1.7B, or a folder")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--prompt", type=int, default=48, help="tokens of a prompt; with PI twice as many")
    parser.add_argument("--completion", type=int, default=128, help="tokens of the longest completion")
    parser.add_argument("--micro", type=int, default=0, help="rows of a forward pass, on both sides; 0: all")
    parser.add_argument("--tokens", type=int, default=0, help="pidistill's train.micro_batch_tokens; 0: no limit")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing, on both sides")
    parser.add_argument("--side", choices=SIDES, help="measure this side alone, as JSON")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        dtype = getattr(torch, options.dtype)
        named = {
            "embedded": embedded,
            "0.6B": lambda: str(make_model(Path(folder), dtype)),
            "1.7B": lambda: str(make_model(Path(folder), dtype, LARGER)),
        }
        name, options.model = options.model, named.get(options.model, lambda: options.model)()
        found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(options.repeats):
            for side in SIDES:
                found[side].append(_apart(side, options))
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    checkpointing = ", gradient checkpointing" if options.checkpointing else ""
    print(f"{device}, {name}: {options.rows} rows, prompts of {options.prompt}, completions to {options.completion} "
          f"tokens{checkpointing}, LoRA {RANK}, {options.dtype}")  # fmt: skip
    base = min(run["processor"] for run in found["trl"])
    print(f"  {'':16} {'tokens/s':>9} {'processor':>10} {'ratio':>7} {'peak MiB':>9}")
    for side, runs in found.items():
        speed = max(run["tokens"] / run["seconds"] for run in runs)
        busy, peak = min(run["processor"] for run in runs), max(run["peak"] for run in runs)
        print(f"  {side:16} {speed:9.1f} {busy:9.2f}s {busy / base:6.2f}x {peak:9.0f}")


def _apart(side: str, options: argparse.Namespace) -> dict[str, float]:
    keys = ("model", "dtype", "rows", "prompt", "completion", "micro", "tokens", "steps")
    sizes = {key: getattr(options, key) for key in keys}
    words = [word for key, value in sizes.items() for word in (f"--{key}", str(value))]
    words += ["--checkpointing"] if options.checkpointing else []
    done = subprocess.run([sys.executable, __file__, "--side", side, *words], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout.decode().splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
