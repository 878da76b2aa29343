"""The tables of a configuration: one line for each field, with its unit, its bounds and its kind.

The classes hold data only; who acts on a table is said in its docstring. `identity` says what the kinds are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from pidistill.contracts import DataSource
from pidistill.identity import execution, result


class Table(BaseModel):
    """Base of all configuration tables: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Table):
    """Which model is trained. Read by `engines.loading`."""

    name: str = result("embedded")
    """Hugging Face name, local folder, or `embedded` for the domain's own tiny model."""
    chat: dict[str, Any] = result({})
    """Options for the chat template when the student is prompted, such as `{enable_thinking = false}`."""
    teacher_chat: dict[str, Any] | None = result(None)
    """The same for the teacher's prompts; default: as the student's."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = result("auto")
    """Weights' type; auto: bfloat16 on a GPU, float32 on a CPU."""
    device: str = execution("auto")
    """torch device; auto: the first GPU, else the CPU."""
    threads: int = execution(0, ge=0)
    """torch threads on the CPU, for sampling and training; 0: torch's own choice. Another number rounds differently."""


class EngineConfig(Table):
    """Who makes rollouts."""

    name: str = result("transformers")
    """A registered engine: transformers, vllm, openai, or a plugin's."""
    batch_size: int = execution(128, ge=1)
    """Sequences decoded side by side, at most."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = result("auto")
    """Weights' type for sampling."""
    device: str = execution("auto")
    """torch device."""
    lora_rank: int = execution(0, ge=0)
    """Largest rank of the adapters to come, for an engine that makes room for them when it starts (vllm); 0: the
    largest that the stages train."""
    options: dict[str, Any] = result({})
    """Passed to the engine as they are, and part of its rollouts' keys: for vllm arguments of `vllm.LLM`, for openai
    base_url and model."""
    runtime: dict[str, Any] = execution({})
    """The same, for what changes no rollout: gpu_memory_utilization for vllm, api_key_env for openai."""


class DataTable(Table):
    """One side's problems. Becomes a `contracts.DataSource`."""

    dataset: str = result("")
    """Name of a data set that the domain knows; empty: the domain's embedded one."""
    split: str = result("")
    """Split; empty: the data set's default."""
    path: Path | None = result(None)
    """Local JSONL or Parquet file instead of the hub."""
    limit: int | None = result(None, ge=1)
    """Keep the first N problems."""
    seed: int = result(0)
    """For generated data sets: which problems."""
    instruction: str | None = result(None)
    """What each problem says of the form of its answer, in place of the data set's own words; empty: nothing."""
    levels: tuple[int, ...] = result(())
    """Keep the problems of these levels; `limit` counts those that are left."""

    def source(self) -> DataSource:
        """What the domain is asked for."""
        return DataSource(self.dataset, self.split, self.path, self.limit, self.seed, self.instruction, self.levels)


class DataConfig(Table):
    """Problems to train on and, disjoint from them, problems to evaluate on."""

    train: DataTable = DataTable()
    evaluate: DataTable = DataTable()


class SamplingConfig(Table):
    """How training rollouts are drawn."""

    temperature: float = result(0.7, ge=0)
    """Softmax temperature; 0 is greedy."""
    top_p: float = result(1.0, gt=0, le=1)
    """Nucleus mass."""
    top_k: int = result(0, ge=0)
    """0 keeps the whole vocabulary."""
    max_tokens: int = result(0, ge=0)
    """Longest completion, in tokens; 0 takes the domain's embedded default, else 2048."""


class EvaluateConfig(Table):
    """How the model is measured before and after."""

    samples: int = result(1, ge=1)
    """Completions per problem; the score is their mean (mean@k)."""
    temperature: float = result(0.0, ge=0)
    """0 is greedy pass@1."""
    top_p: float = result(1.0, gt=0, le=1)
    """Nucleus mass."""
    max_tokens: int = result(0, ge=0)
    """As in `sampling`."""


class VerifyConfig(Table):
    """The verification pool."""

    workers: int = execution(0, ge=0)
    """Worker processes; 0: one per core, at most 8."""
    budget_s: float = result(10.0, gt=0)
    """Wall-clock seconds a submission may take from the start of its work; past it: TIMEOUT."""
    memory_mb: int = result(4096, ge=256)
    """A worker above this resident size, in MiB, is replaced; a submission that drives it there is TIMEOUT."""
    recycle_after: int = execution(20_000, ge=1)
    """Submissions after which a worker is replaced."""
    sandbox: str | None = result(None)
    """A registered sandbox, for domains that run untrusted code; None: `auto`, the strongest that works here."""
    wrappers: tuple[str, ...] = result(())
    """Put around the verifier, such as `noisy:false_pass=0.1,seed=1`: its quality as an axis of an experiment."""
    options: dict[str, Any] = result({})
    """Passed to `Domain.open_verifier`."""


class RolloutsConfig(Table):
    """What a recipe samples before it trains. Read by the loop."""

    samples: int = result(1, ge=1)
    """First attempts per problem."""
    temperatures: tuple[float, ...] = result(())
    """Temperatures that a problem's first attempts take in turn; none: `sampling.temperature` for all."""
    first_form: str | None = result(None)
    """PI form put into the prompt of first attempts, as into a teacher's; None: they see the plain problem."""
    matches: str | None = result(None)
    """A recipe whose generated and trained tokens are to be spent, on further first attempts; None: no budget."""
    fresh: int = result(0, ge=0)
    """Further first attempts at problems that no first attempt has passed, without a word of the failure."""
    retries: int = result(0, ge=0)
    """Retries after a failure (K), each seeing the earlier failures."""
    retry_form: str = result("bare-retry")
    """PI form put into the retry prompt, such as `gold` or `gibberish:token=QUUX`."""
    revise: bool = result(False)
    """Whether first attempts that pass are asked again, too, once, with what `retry_form` says of a pass."""
    retry_role: str = result("student")
    """Who makes the retries: the student, or a role of its own such as `solver`."""
    teacher_samples: int = result(0, ge=0)
    """Completions per problem by the teacher, which sees the teacher's PI, for selectors that ask for its pass rate."""
    rounds: int = result(1, ge=1)
    """Rounds of rollout and training; each starts from the last one's weights and its own failures."""


class ExamplesConfig(Table):
    """Which rollouts become examples. Read by the loop."""

    keep: str = result("first+retry")
    """A selector, with its settings: first, retry, first+retry, all, correct, incorrect, `graded:above=0.3`,
    `frontier:low=0.125,high=0.875`, shortest, advantage. See `pidistill plugins`."""
    teacher_form: str | None = result(None)
    """PI form for the teacher's prompt; None: no teacher."""
    contrast_form: str | None = result(None)
    """PI form for the prompt that the teacher's is held against, for objectives that do; None: there is none."""


class TrainConfig(Table):
    """The objective and its optimizer. Read by `train/`."""

    objective: str = result("sft")
    """A registered objective: sft, opsd, contrast, unlikelihood, grpo, iprs, or a plugin's."""
    lr: float = result(2e-5, gt=0)
    """Peak learning rate of AdamW."""
    lora_rank: int = result(16, ge=0)
    """LoRA rank; 0 trains all weights."""
    lora_alpha: int = result(0, ge=0)
    """LoRA alpha; 0: twice the rank."""
    epochs: int = result(1, ge=1)
    """SFT: passes over the examples."""
    steps: int = result(200, ge=1)
    """On-policy objectives: optimizer steps in all."""
    refresh_every: int = result(10, ge=1)
    """On-policy objectives: steps after which completions are sampled again from the current student."""
    draw_limit: float = result(8.0, ge=1)
    """On-policy, with a selector that leaves attempts out: problems drawn for the steps asked, at most, as a multiple
    of those that would do if nothing were left out."""
    batch_size: int = result(16, ge=1)
    """Examples per optimizer step."""
    micro_batch_size: int = execution(0, ge=0)
    """Examples per forward pass; 0: no limit."""
    micro_batch_tokens: int = execution(0, ge=0)
    """On-policy objectives: tokens per forward pass, padding included; an example that is longer goes alone.
    0: no limit."""
    max_length: int = result(4096, ge=8)
    """Longest prompt plus completion, in tokens. Longer examples are counted and left out."""
    warmup_steps: int = result(0, ge=0)
    """Linear warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = result("linear")
    """Learning-rate schedule after the warm-up."""
    weight_decay: float = result(0.0, ge=0)
    """AdamW's."""
    max_grad_norm: float = result(1.0, gt=0)
    """Gradient clipping."""
    divergence: Literal["fkl", "rkl", "jsd"] = result("fkl")
    """OPSD: KL(T||S), KL(S||T), or the generalised Jensen-Shannon divergence."""
    jsd_beta: float = result(0.5, ge=0, le=1)
    """OPSD with jsd: weight of the teacher in the mixture."""
    support: Literal["full", "top-k", "sampled"] = result("full")
    """OPSD: all tokens, the `top_k` likeliest ones and a bucket for the rest, or (rkl) the sampled token alone."""
    top_k: int = result(64, ge=1)
    """OPSD with top-k: tokens of their own."""
    top_k_of: Literal["teacher", "student"] = result("teacher")
    """OPSD with top-k: whose likeliest tokens."""
    token_clip: float = result(0.0, ge=0)
    """Most that one token's divergence (OPSD) or advantage (contrast) may count, in nats; 0: no limit."""
    log_ratio_floor: float = result(0.0, le=0)
    """OPSD with fkl or rkl: log T - log S counts no lower than this, in nats; 0: no limit."""
    importance_clip: float = result(0.0, ge=0)
    """OPSD: weight tokens by how much likelier they are by now than when they were sampled, at most this; 0: do not."""
    normalisation: Literal["token", "sequence"] = result("token")
    """On-policy objectives: each token of a batch counts the same, or each completion."""
    teacher: Literal["base", "live", "ema", "hard-copy", "trust-region"] = result("base")
    """Teacher weights: the frozen start, the current student, its moving average, its copy of every `teacher_every`
    steps, or logits between base and live. Never receives a gradient."""
    teacher_decay: float = result(0.99, ge=0, lt=1)
    """Teacher ema: what is kept of the average at each optimizer step."""
    teacher_every: int = result(50, ge=1)
    """Teacher hard-copy: optimizer steps between two copies."""
    teacher_mix: float = result(0.5, ge=0, le=1)
    """Teacher trust-region: weight of the current student's logits, the base's being the rest."""
    distill_temperature: float = result(1.0, gt=0)
    """Logits are divided by this before the divergence, on both sides, or before the policy's probabilities (GRPO)."""
    clip_low: float = result(0.2, ge=0)
    """GRPO: a token's probability ratio counts no lower than 1 minus this where its advantage is negative."""
    clip_high: float = result(0.2, ge=0)
    """GRPO: nor higher than 1 plus this where it is positive."""
    scale_advantages: bool = result(False)
    """GRPO: divide advantages by the standard deviation of the group's rewards."""
    kl_coef: float = result(0.0, ge=0)
    """GRPO: weight of the KL divergence to the frozen start."""
    bonus: float = result(1.0, ge=0)
    """IPRS: lambda, the weight of the PI bonus beside the reward."""
    bonus_clip: float = result(1.0, gt=0)
    """IPRS: c0, the bonus lies between minus this and this, in nats a token."""
    least_likely: float = result(0.2, gt=0, le=1)
    """unlikelihood: share of a completion's tokens, the least likely ones, that are pushed down."""
    save_minutes: float = execution(10.0, ge=0)
    """SFT: minutes between two states that a killed job goes on from; 0: none, so that it begins anew. On-policy
    objectives go on from their last refresh."""
    gradient_checkpointing: bool = execution(False)
    """Trade time for memory."""

    @model_validator(mode="after")
    def _divergence_exists(self) -> Self:
        if self.support == "sampled" and self.divergence != "rkl":
            raise ValueError("support 'sampled' is an estimate of rkl: set divergence = \"rkl\"")
        if self.log_ratio_floor and self.divergence == "jsd":
            raise ValueError("log_ratio_floor is for fkl and rkl; jsd is bounded by itself")
        return self


class GuardConfig(Table):
    """What stops a run that goes wrong. Read by `guards`; a share of 1, or 0 elsewhere, switches a guard off."""

    truncated: float = execution(0.98, ge=0, le=1)
    """Largest share of completions that are cut off."""
    unanswered: float = execution(0.98, ge=0, le=1)
    """Largest share of judged completions that hold no answer."""
    errors: float = execution(0.9, ge=0, le=1)
    """Largest share of completions that could not be judged."""
    length: float = execution(0.1, ge=0)
    """Least mean length of completions, as a share of the stage's first turn's."""
    entropy: float = execution(0.02, ge=0)
    """Least entropy a token, as a share of the stage's first turn's."""
    falling: int = execution(5, ge=0)
    """Turns in a row that the mean reward may fall, where chance does not explain it."""
    divergence: float = execution(10.0, ge=0)
    """Largest mean divergence of teacher and student, in nats a token."""
    idle: int = execution(5, ge=0)
    """Turns in a row that may pass without a gradient."""


class RoleConfig(Table):
    """Who speaks in a role: `[roles.hinter]`. What is not given is the student's."""

    model: str | None = result(None)
    """Hugging Face name or local folder; None: the current student."""
    chat: dict[str, Any] = result({})
    """Options for the chat template."""
    engine: EngineConfig = EngineConfig()
    sampling: SamplingConfig | None = result(None)
    """How it is sampled; None: as the stage's training rollouts."""
