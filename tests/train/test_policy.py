"""GRPO and IPRS: their loss beside TRL's on the same batch, advantages by group, and the bonus."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from datasets import Dataset
from torch import Tensor

from pidistill.contracts import TrainJob
from pidistill.engines.loading import load_model
from pidistill.errors import UsageError
from pidistill.train.examples import Encoded, Encoder
from pidistill.train.on_policy import Size
from pidistill.train.policy import GrpoObjective, IprsObjective, PolicyGradient, ShapedPolicyGradient, advantages
from pidistill.train.scoring import Batch, LogitHead
from pidistill.train.weights import open_trainee

Job = Callable[..., TrainJob]
CPU = torch.device("cpu")
ADVANTAGES = [0.5, -0.5, 1.0, -1.0, 0.25, 0.0, -0.75, 0.5]


def rewarded(job: TrainJob) -> TrainJob:
    """The same job, its examples with advantages: two problems of four completions."""
    examples = [
        dataclasses.replace(e, advantage=a, problem_id=f"p{i // 4}", rollout_id=f"r{i}")
        for i, (e, a) in enumerate(zip(job.examples, ADVANTAGES, strict=True))
    ]
    return dataclasses.replace(job, examples=examples)


def encode(job: TrainJob, teacher: bool = False) -> list[Encoded]:
    return Encoder.of(job, open_trainee(job, job.model)).encode(job.examples, teacher=teacher)


def logprobs(job: TrainJob, prompts: list[tuple[int, ...]], completions: list[tuple[int, ...]]) -> list[Tensor]:
    """By completion, under the starting weights."""
    model = load_model(job.model, "float32", "cpu")
    found = []
    for prompt, completion in zip(prompts, completions, strict=True):
        batch = Batch.of([prompt], [completion], CPU)
        with torch.no_grad():
            said = LogitHead.of(model)(batch.hidden(model)).log_softmax(-1)
        found.append(said.gather(-1, batch.targets_N[:, None])[:, 0])
    return found


def weights(job: TrainJob) -> bytes:
    return (job.out_dir / "adapter_model.safetensors").read_bytes()


def trl_loss(
    job: TrainJob, encoded: list[Encoded], old: list[Tensor], reference: list[Tensor] | None
) -> tuple[float, Tensor]:
    """Loss and gradient of TRL's own trainer on the same tokens, advantages and older policy."""
    from trl import GRPOConfig, GRPOTrainer

    config = job.config
    model = load_model(job.model, "float32", "cpu").train()
    arguments = GRPOConfig(
        output_dir=str(job.out_dir), per_device_train_batch_size=8, num_generations=4, report_to="none", use_cpu=True,
        bf16=False, gradient_checkpointing=False, beta=config.kl_coef, use_bias_correction_kl=False,
        epsilon=config.clip_low,
        epsilon_high=config.clip_high, temperature=config.distill_temperature, disable_dropout=True,
        loss_type="grpo" if config.normalisation == "sequence" else "bnpo",
    )  # fmt: skip
    trainer = GRPOTrainer(
        model=model, reward_funcs=lambda completions, **kwargs: [0.0] * len(completions), args=arguments,
        train_dataset=Dataset.from_dict({"prompt": ["a"] * 8}),
        processing_class=open_trainee(job, job.model).tokenizer,
    )  # fmt: skip
    trainer.current_gradient_accumulation_steps = 1

    def padded(rows: list[Tensor], left: bool) -> Tensor:
        size = max(map(len, rows))
        pads = [(size - len(row), 0) if left else (0, size - len(row)) for row in rows]
        return torch.stack([torch.nn.functional.pad(row, pad) for row, pad in zip(rows, pads, strict=True)])

    prompts, completions = ([torch.tensor(getattr(e, name)) for e in encoded] for name in ("prompt", "completion"))
    inputs = {
        "prompt_ids": padded(prompts, True), "prompt_mask": padded([torch.ones_like(p) for p in prompts], True),
        "completion_ids": padded(completions, False),
        "completion_mask": padded([torch.ones_like(c) for c in completions], False),
        "advantages": torch.tensor([e.advantage for e in encoded]), "old_per_token_logps": padded(old, False),
        "num_items_in_batch": torch.tensor(sum(map(len, completions))),
    }  # fmt: skip
    if reference is not None:
        inputs["ref_per_token_logps"] = padded(reference, False)
    loss = trainer._compute_loss(model, inputs)
    loss.backward()
    named = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return loss.item(), torch.cat([named[name].flatten() for name in sorted(named)])


@pytest.mark.parametrize("normalisation", ["token", "sequence"])
@pytest.mark.parametrize("kl_coef", [0.0, 0.1])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_loss_and_gradient_are_trls(normalisation: str, kl_coef: float, temperature: float, job: Job) -> None:
    one = rewarded(
        job(
            "a", lora_rank=0, normalisation=normalisation, kl_coef=kl_coef, distill_temperature=temperature,
            clip_low=0.2, clip_high=0.3, batch_size=8,
        )
    )  # fmt: skip
    encoded = encode(one)
    trainee = open_trainee(one, one.model)
    loss = PolicyGradient(one, trainee)
    loss.prepare([encoded, encoded])
    generator = torch.Generator().manual_seed(0)  # an older policy, far enough away for the clip to bite
    old = {name: value + 0.4 * torch.randn(value.shape, generator=generator) for name, value in loss._old.items()}
    reference = {name: value - 0.3 * torch.rand(value.shape, generator=generator) for name, value in old.items()}
    loss._old = old
    loss._reference = reference if kl_coef else {}
    found, _ = loss.backward(encoded, Size.of(encoded))
    named = {name: p.grad for name, p in trainee.model.named_parameters() if p.grad is not None}
    gradient = torch.cat([named[name].flatten() for name in sorted(named)])

    expected, theirs = trl_loss(
        one, encoded, [old[e.name] for e in encoded], [reference[e.name] for e in encoded] if kl_coef else None
    )
    assert 0 < loss.metrics()["clipped"] < 1
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    torch.testing.assert_close(gradient, theirs, rtol=1e-4, atol=1e-6)


def test_the_policy_of_the_start_is_what_ratios_are_to(job: Job) -> None:
    one = rewarded(job("a", batch_size=4))
    encoded = encode(one)
    loss = PolicyGradient(one, open_trainee(one, one.model))
    loss.prepare([encoded[:4], encoded[4:]])
    expected = logprobs(one, [e.prompt for e in encoded], [e.completion for e in encoded])
    for example, value in zip(encoded, expected, strict=True):
        torch.testing.assert_close(loss._old[example.name], value, rtol=1e-4, atol=1e-5)


def test_micro_batches_change_nothing(job: Job) -> None:
    found = []
    for size in (0, 3):
        one = rewarded(job(f"m{size}", batch_size=8, micro_batch_size=size, steps=1))
        found.append(GrpoObjective().train(one).metrics)
    assert found[0]["loss_first"] == pytest.approx(found[1]["loss_first"], rel=1e-5, abs=1e-7)
    assert found[0]["grad_norm_max"] == pytest.approx(found[1]["grad_norm_max"], rel=1e-4)


def test_training_makes_rewarded_completions_likelier_and_punished_ones_less_so(job: Job) -> None:
    one = rewarded(job("a", batch_size=8, steps=15, lr=3e-3))
    result = GrpoObjective().train(dataclasses.replace(one, examples=[*one.examples] * 15))
    assert result.steps == 15
    encoded = encode(one)
    trained = dataclasses.replace(one, model=dataclasses.replace(one.model, adapter=str(one.out_dir)))
    sides = [(e.prompt, e.completion) for e in encoded]
    before, after = (logprobs(j, [p for p, _ in sides], [c for _, c in sides]) for j in (one, trained))
    moved = [float((a - b).mean()) for a, b in zip(after, before, strict=True)]
    assert moved[2] > 0 > moved[3]
    assert sum(a * m for a, m in zip(ADVANTAGES, moved, strict=True)) > 0


def example(name: str, group: str, advantage: float | None) -> Encoded:
    return Encoded((1,), (2,), 1.0, name=name, group=group, advantage=advantage)


def test_two_rows_about_a_half_train_and_what_was_not_judged_is_refused() -> None:
    """PASS, FAIL, ERROR, ERROR: the selector leaves two rows, and the baseline is theirs alone."""
    rows = [example("pass", "p", 0.5), example("fail", "p", -0.5)]
    assert advantages(rows, {}, scaled=False) == {"pass": 0.5, "fail": -0.5}
    assert advantages(rows, {}, scaled=True) == {"pass": 1.0, "fail": -1.0}
    with pytest.raises(UsageError, match="'error' has no advantage"):
        advantages([*rows, example("error", "p", None)], {}, scaled=False)


def test_a_group_of_equals_has_no_advantage_however_it_is_scaled() -> None:
    rows = [example(str(i), "p", 0.0) for i in range(3)]
    assert set(advantages(rows, {}, scaled=True).values()) == {0.0}


def test_a_bonus_moves_advantages_within_its_group_only() -> None:
    rows = [example("a", "p", 0.5), example("b", "p", -0.5), example("c", "q", 0.0)]
    found = advantages(rows, {"a": 0.2, "b": 0.6, "c": 9.0}, scaled=False)
    assert found == pytest.approx({"a": 0.3, "b": -0.3, "c": 0.0})


def test_iprs_adds_what_pi_makes_likelier_and_no_more_than_its_bound(job: Job) -> None:
    one = rewarded(job("a", bonus=2.0, bonus_clip=0.01))
    encoded = encode(one, teacher=True)
    loss = ShapedPolicyGradient(one, open_trainee(one, one.model))
    found = loss.bonus(encoded)
    completions = [e.completion for e in encoded]
    told = logprobs(one, [e.teacher_prompt for e in encoded], completions)
    plain = logprobs(one, [e.prompt for e in encoded], completions)
    for e, with_pi, without in zip(encoded, told, plain, strict=True):
        gain = float((with_pi - without).mean())
        assert found[e.name] == pytest.approx(2.0 * min(max(gain, -0.01), 0.01), rel=1e-3, abs=1e-5)
    assert max(abs(value) for value in found.values()) <= 0.02 + 1e-9


def test_no_gradient_goes_through_the_bonus(job: Job) -> None:
    """The same advantages given as rewards train the same weights."""
    one = rewarded(job("iprs", batch_size=8, steps=1, bonus=1.5))
    IprsObjective().train(one)
    encoded = encode(one, teacher=True)
    loss = ShapedPolicyGradient(one, open_trainee(one, one.model))
    loss.prepare([encoded])
    by_name = loss._advantage
    plain = [dataclasses.replace(e, advantage=by_name[e.rollout_id]) for e in one.examples]
    two = dataclasses.replace(job("grpo", batch_size=8, steps=1), examples=plain)
    GrpoObjective().train(two)
    assert (one.out_dir / "adapter_model.safetensors").read_bytes() == (
        two.out_dir / "adapter_model.safetensors"
    ).read_bytes()


def test_two_jobs_are_one(job: Job) -> None:
    """With a teacher for the KL term: jobs go on from each other's optimizer, and each looks at its own start."""
    one = rewarded(job("first", batch_size=8, steps=4, kl_coef=0.1))
    GrpoObjective().train(one)
    again = rewarded(job("again", batch_size=8, steps=4, kl_coef=0.1))
    GrpoObjective().train(again)
    second = rewarded(job("second", batch_size=8, steps=4, kl_coef=0.1, resume_from=one.out_dir))
    result = GrpoObjective().train(second)
    assert result.steps == 1
    assert (one.out_dir / "adapter_model.safetensors").read_bytes() == (
        again.out_dir / "adapter_model.safetensors"
    ).read_bytes()


def test_examples_without_an_advantage_are_an_error_that_says_which_selector_gives_one(job: Job) -> None:
    with pytest.raises(UsageError, match="has no advantage") as error:
        GrpoObjective().train(job("a", steps=1))
    assert "keep=advantage" in (error.value.hint or "")
