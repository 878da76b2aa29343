"""Supervised fine-tuning: which tokens are trained, with what weight, and what is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pidistill.config import TrainConfig
from pidistill.contracts import Trained, TrainJob
from pidistill.engines.chat import render_prompt
from pidistill.engines.loading import load_model, trained_ref
from pidistill.errors import EngineError, UsageError
from pidistill.records import Example, ModelRef
from pidistill.train import sft_state
from pidistill.train.examples import Encoder
from pidistill.train.sft import SFTObjective, last_state, micro_batch_size, rows
from pidistill.train.weights import open_trainee
from small_models import make_adapter

Job = Callable[..., TrainJob]


def train(job: TrainJob) -> Trained:
    return SFTObjective().train(job)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def same_weights(ours: Path, theirs: Path) -> bool:
    a, b = weights(ours), weights(theirs)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def trained(job: TrainJob) -> ModelRef:
    return trained_ref(job.model, job.out_dir, adapter=job.config.lora_rank > 0)


def token_logprobs(ref: ModelRef, job: TrainJob) -> list[torch.Tensor]:
    """Log-probability of each completion token, example by example, from the model's own forward pass."""
    model = load_model(ref, "float32", "cpu")
    tokenizer = open_trainee(job, job.model).tokenizer
    found = []
    for example in job.examples:
        ids = [*render_prompt(tokenizer, example.student_messages, {}), *example.token_ids]
        with torch.no_grad():
            logprobs = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        targets = torch.tensor(example.token_ids)
        found.append(logprobs[-len(targets) - 1 : -1].gather(1, targets[:, None])[:, 0])
    return found


@pytest.mark.parametrize("rank", [4, 0])
def test_training_raises_the_likelihood_of_the_completions_end_tokens_included(
    any_model: ModelRef, rank: int, job: Job
) -> None:
    one = job("a", model=any_model, epochs=8, lora_rank=rank, lr=2e-2 if rank else 3e-3)
    result = train(one)
    before, after = token_logprobs(any_model, one), token_logprobs(trained(one), one)
    assert torch.cat(after).mean() > torch.cat(before).mean() + 1
    assert torch.stack([x[-1] for x in after]).mean() > torch.stack([x[-1] for x in before]).mean() + 1
    assert result.metrics["loss_last"] < result.metrics["loss_first"]
    assert result.adapter == (rank > 0)


def test_only_completion_tokens_are_labels_and_the_end_token_is_one(job: Job) -> None:
    one = job("a")
    encoded = Encoder.of(one, open_trainee(one, one.model)).encode(one.examples, teacher=False)
    for row, example, source in zip(rows(encoded), encoded, one.examples, strict=True):
        prompt = len(example.prompt)
        assert row["labels"] == [-100] * prompt + list(source.token_ids)
        assert row["input_ids"] == [*example.prompt, *source.token_ids]
        assert row["labels"][-1] == 2
    assert "weight" not in rows(encoded).column_names


def test_the_first_loss_is_the_token_mean_over_the_batch(any_model: ModelRef, job: Job) -> None:
    one = job("a", model=any_model, batch_size=8)
    expected = -torch.cat(token_logprobs(any_model, one)).mean()
    result = train(one)
    assert result.metrics["loss_first"] == pytest.approx(expected.item(), rel=1e-4)
    assert result.tokens_trained == sum(len(e.token_ids) for e in one.examples)


def test_weights_multiply_the_token_losses(job: Job, examples: list[Example]) -> None:
    weighted = [replace(e, weight=i / 7) for i, e in enumerate(examples)]
    one = job("a", batch_size=8, examples=weighted)
    losses = [-(e.weight * x).sum() for e, x in zip(weighted, token_logprobs(one.model, one), strict=True)]
    tokens = sum(len(e.token_ids) for e in examples)
    assert train(one).metrics["loss_first"] == pytest.approx(float(sum(losses)) / tokens, rel=1e-4)


def test_equal_weights_scale_the_gradient_and_weight_one_is_the_plain_loss(job: Job, examples: list[Example]) -> None:
    plain = train(job("plain", batch_size=8))
    half = train(job("half", batch_size=8, examples=[replace(e, weight=0.5) for e in examples]))
    assert half.metrics["loss_first"] == pytest.approx(plain.metrics["loss_first"] / 2, rel=1e-5)
    assert half.metrics["grad_norm_max"] == pytest.approx(plain.metrics["grad_norm_max"] / 2, rel=1e-4)


def test_an_example_of_weight_zero_teaches_nothing(job: Job, examples: list[Example]) -> None:
    """Its tokens count in the denominator, its content does not."""
    other = replace(examples[1], weight=0.0, token_ids=tuple(reversed(examples[1].token_ids)))
    pair = [examples[0], replace(examples[1], weight=0.0)], [examples[0], other]
    for name, chosen in zip("ab", pair, strict=True):
        train(job(name, examples=chosen))
    assert same_weights(job("a").out_dir, job("b").out_dir)


@pytest.mark.parametrize("micro", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_micro_batches_train_as_the_whole_batch_does(
    micro: int, weighted: bool, job: Job, examples: list[Example]
) -> None:
    chosen = [replace(e, weight=(i + 1) / 8) for i, e in enumerate(examples)] if weighted else examples
    settings = {"examples": chosen, "batch_size": 6, "epochs": 2, "lora_rank": 0, "lr": 1e-3}
    whole, split = train(job("whole", **settings)), train(job("split", **settings, micro_batch_size=micro))
    assert whole.steps == split.steps == 4
    for name in ("loss_first", "loss_last", "grad_norm_mean"):
        assert split.metrics[name] == pytest.approx(whole.metrics[name], rel=1e-4)
    assert split.tokens_trained == whole.tokens_trained


def test_the_micro_batch_is_the_largest_divisor_within_the_limit() -> None:
    found = {m: micro_batch_size(TrainConfig(batch_size=12, micro_batch_size=m)) for m in (0, 1, 4, 5, 7, 12, 99)}
    assert found == {0: 12, 1: 1, 4: 4, 5: 4, 7: 6, 12: 12, 99: 12}


@pytest.mark.parametrize("rank", [4, 0])
def test_the_same_job_gives_the_same_bits_and_leaves_the_callers_generators_alone(rank: int, job: Job) -> None:
    one, two, other = job("one", lora_rank=rank), job("two", lora_rank=rank), job("other", lora_rank=rank, seed=5)
    train(one)
    torch.manual_seed(11)
    state = torch.get_rng_state()
    train(two)
    assert torch.equal(torch.get_rng_state(), state)
    train(other)
    assert same_weights(one.out_dir, two.out_dir)
    assert not same_weights(one.out_dir, other.out_dir)


def test_a_second_round_goes_on_with_the_first_rounds_adapter(job: Job, model: ModelRef) -> None:
    first = job("first", epochs=4)
    train(first)
    second = job("second", model=trained(first), epochs=4)
    result = train(second)
    assert result.metrics["loss_first"] < first_loss(first)
    config = json.loads((second.out_dir / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == model.base
    assert trained(second).base == model.base


def first_loss(job: TrainJob) -> float:
    line = (job.out_dir / "metrics.jsonl").read_text().splitlines()[0]
    return float(json.loads(line)["loss"])


def test_all_weights_start_from_an_adapter_by_merging_it(job: Job, model: ModelRef, tmp_path: Path) -> None:
    start = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    one = job("a", model=start, lora_rank=0, batch_size=8, lr=1e-9)
    expected = -torch.cat(token_logprobs(start, one)).mean()
    assert train(one).metrics["loss_first"] == pytest.approx(expected.item(), rel=1e-4)
    after = -torch.cat(token_logprobs(trained(one), one)).mean()
    assert after.item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("rank", [4, 0])
def test_the_folder_holds_weights_and_log_and_nothing_of_the_trainers(rank: int, job: Job) -> None:
    one = job("a", lora_rank=rank, gradient_checkpointing=True)
    result = train(one)
    found = {path.name for path in one.out_dir.iterdir()}
    adapter = {"adapter_config.json", "adapter_model.safetensors", "metrics.jsonl"}
    full = {"config.json", "generation_config.json", "model.safetensors", "metrics.jsonl", "tokenizer.json"}
    assert found == adapter if rank else found == full | {"tokenizer_config.json", "chat_template.jinja"}
    lines = [json.loads(line) for line in (one.out_dir / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, result.steps + 1))
    if not rank:
        before, after = (json.loads((Path(f) / "config.json").read_text()) for f in (one.model.base, one.out_dir))
        assert before.get("use_cache") == after.get("use_cache")


def test_progress_hears_every_step_and_nothing_is_printed(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[tuple[int, int]] = []
    one = job("a", epochs=2, batch_size=3)
    capfd.readouterr()
    train(replace(one, progress=lambda done, total, row: heard.append((done, total))))
    assert heard == [(step, 6) for step in range(1, 7)]
    assert "loss" not in capfd.readouterr().out


class Killed(BaseException):
    """As a signal is."""


@pytest.mark.parametrize("rank", [4, 0])
@pytest.mark.parametrize("killed_after", [(1,), (3,), (2, 7), (5, 6, 8)])
def test_a_killed_job_goes_on_to_the_same_end(
    rank: int, killed_after: tuple[int, ...], job: Job, tmp_path: Path
) -> None:
    """Every step is saved; batches of 3 of 8 examples, so that each epoch ends with a smaller one."""
    settings = {"epochs": 3, "batch_size": 3, "lora_rank": rank, "schedule": "cosine", "lr": 1e-3}
    expected = train(job("whole", save_minutes=0, **settings))
    working = tmp_path / "working"
    working.mkdir()
    for step in killed_after:

        def die(done: int, total: int, row: object, step: int = step) -> None:
            if done == step + 1:  # the state after `step` is on the disk by now
                raise Killed

        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        with pytest.raises(Killed):
            train(job("again", save_minutes=1e-9, working=working, progress=die, **settings))
        saved = last_state(working)
        assert saved is not None and saved.name == f"checkpoint-{step}"
        (working / "checkpoint-99").mkdir()  # a state that was not written to its end
    shutil.rmtree(tmp_path / "again")
    heard: list[int] = []
    found = train(
        job(
            "again",
            save_minutes=1e-9,
            working=working,
            progress=lambda done, total, row: heard.append(done),
            **settings,
        )
    )
    assert heard == list(range(killed_after[-1] + 1, 10))
    assert found == expected
    assert same_weights(tmp_path / "whole", tmp_path / "again")
    assert (tmp_path / "whole" / "metrics.jsonl").read_text() == (tmp_path / "again" / "metrics.jsonl").read_text()


def test_a_state_that_is_damaged_or_of_other_packages_is_not_gone_on_from(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = tmp_path / "working"
    working.mkdir()

    def die(done: int, total: int, row: object) -> None:
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        train(job("a", save_minutes=1e-9, working=working, progress=die, epochs=2, batch_size=3))
    state = last_state(working)
    assert state is not None
    for path in sorted(path for path in state.iterdir() if path.is_file()):
        content = path.read_bytes()
        for damaged in (content[: len(content) // 2], bytes([content[0] ^ 1]) + content[1:]):
            path.write_bytes(damaged)
            assert last_state(working) is None, path.name
        path.write_bytes(content)
    told = state / "whole.json"
    said = json.loads(told.read_text())
    told.write_text(json.dumps({**said, "tokens_processed": said["tokens_processed"] + 1}))
    assert last_state(working) is None
    told.write_text(json.dumps(said))
    assert last_state(working) == state
    monkeypatch.setattr(sft_state, "package_versions", lambda *names: dict.fromkeys(names, "0"))
    assert last_state(working) is None


def test_bfloat16_trains_all_weights_in_float32(job: Job) -> None:
    one = job("a", dtype="bfloat16", lora_rank=0, epochs=6, lr=3e-3)
    result = train(one)
    assert result.metrics["loss_last"] < result.metrics["loss_first"] - 0.5
    assert all(tensor.dtype == torch.float32 for tensor in weights(one.out_dir).values())


def test_steps_too_small_for_bfloat16_are_not_lost(job: Job, model: ModelRef) -> None:
    one = job("a", dtype="bfloat16", lora_rank=0, lr=1e-7)
    train(one)
    before, after = weights(Path(model.base)), weights(one.out_dir)
    changed = sum(int((before[name] != after[name]).sum()) for name in before)
    assert changed > 0.5 * sum(tensor.numel() for tensor in before.values())
    assert not any((before[name].bfloat16() != after[name].bfloat16()).float().mean() > 0.1 for name in before)


def test_a_checkpoint_to_go_on_from_is_refused(job: Job, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot go on from a checkpoint"):
        train(job("a", resume_from=tmp_path))


def test_a_learning_rate_that_blows_up_is_an_error_not_a_checkpoint(job: Job) -> None:
    one = job("a", lr=1e30, lora_rank=0, epochs=3)
    with pytest.raises(EngineError, match="Training diverged"):
        train(one)
    assert not (one.out_dir / "model.safetensors").exists()
