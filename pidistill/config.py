"""Configuration of a run: one TOML file, overridden by `--set table.key=value`, checked by pydantic.

Layers, later ones win: defaults here < the recipe (`recipes/*.toml`) < the user's file < `--set`. Every field has a
one-line description with its unit; unknown keys are errors that name the nearest known one. The classes hold data
only; who acts on a table is said in its docstring.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pidistill.contracts import DataSource
from pidistill.errors import UsageError, did_you_mean
from pidistill.records import JSON


class Table(BaseModel):
    """Base of all configuration tables: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Table):
    """Which model is trained. Read by `engines.loading`."""

    name: str = "embedded"
    """Hugging Face name, local folder, or `embedded` for the domain's own tiny model."""
    chat: dict[str, Any] = {}
    """Options for the chat template when the student is prompted, such as `{enable_thinking = false}`."""
    teacher_chat: dict[str, Any] | None = None
    """The same for the teacher's prompts; default: as the student's."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Weights' type; auto: bfloat16 on a GPU, float32 on a CPU."""
    device: str = "auto"
    """torch device; auto: the first GPU, else the CPU."""
    threads: int = Field(0, ge=0)
    """torch threads on the CPU, for sampling and training; 0: torch's own choice. Another number rounds differently."""


class EngineConfig(Table):
    """Who makes rollouts."""

    name: str = "transformers"
    """A registered engine: transformers, vllm, openai, or a plugin's."""
    batch_size: int = Field(128, ge=1)
    """Sequences decoded side by side, at most."""
    chunk_size: int = Field(512, ge=1)
    """Requests handed to the engine at once; what one chunk made is stored before the next begins."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Weights' type for sampling."""
    device: str = "auto"
    """torch device."""
    options: dict[str, Any] = {}
    """Passed to the engine as they are: for vllm arguments of `vllm.LLM`; for openai base_url, api_key_env, model."""


class DataTable(Table):
    """One side's problems. Becomes a `contracts.DataSource`."""

    dataset: str = ""
    """Name of a data set that the domain knows; empty: the domain's embedded one."""
    split: str = ""
    """Split; empty: the data set's default."""
    path: Path | None = None
    """Local JSONL or Parquet file instead of the hub."""
    limit: int | None = Field(None, ge=1)
    """Keep the first N problems."""
    seed: int = 0
    """For generated data sets: which problems."""

    def source(self) -> DataSource:
        return DataSource(self.dataset, self.split, self.path, self.limit, self.seed)


class DataConfig(Table):
    """Problems to train on and, disjoint from them, problems to evaluate on."""

    train: DataTable = DataTable()
    evaluate: DataTable = DataTable()


class SamplingConfig(Table):
    """How training rollouts are drawn."""

    temperature: float = Field(0.7, ge=0)
    """Softmax temperature; 0 is greedy."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Nucleus mass."""
    top_k: int = Field(0, ge=0)
    """0 keeps the whole vocabulary."""
    max_tokens: int = Field(0, ge=0)
    """Longest completion, in tokens; 0 takes the domain's embedded default, else 2048."""


class EvaluateConfig(Table):
    """How the model is measured before and after."""

    samples: int = Field(1, ge=1)
    """Completions per problem; the score is their mean (mean@k)."""
    temperature: float = Field(0.0, ge=0)
    """0 is greedy pass@1."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Nucleus mass."""
    max_tokens: int = Field(0, ge=0)
    """As in `sampling`."""


class VerifyConfig(Table):
    """The verification pool."""

    workers: int = Field(0, ge=0)
    """Worker processes; 0: one per core, at most 8."""
    budget_s: float = Field(10.0, gt=0)
    """Wall-clock seconds a submission may take from the start of its work; past it: TIMEOUT."""
    memory_mb: int = Field(4096, ge=256)
    """A worker above this resident size, in MiB, is replaced; a submission that drives it there is TIMEOUT."""
    recycle_after: int = Field(20_000, ge=1)
    """Submissions after which a worker is replaced."""
    sandbox: str | None = None
    """A registered sandbox, for domains that run untrusted code; None: `auto`, the strongest that works here."""
    wrappers: tuple[str, ...] = ()
    """Put around the verifier, such as `noisy:false_pass=0.1,seed=1`: its quality as an axis of an experiment."""
    options: dict[str, Any] = {}
    """Passed to `Domain.open_verifier`."""


class RolloutsConfig(Table):
    """What a recipe samples before it trains. Read by the loop."""

    samples: int = Field(1, ge=1)
    """First attempts per problem."""
    first_form: str | None = None
    """PI form put into the prompt of first attempts, as into a teacher's; None: they see the plain problem."""
    retries: int = Field(0, ge=0)
    """Retries after a failure (K), each seeing the earlier failures."""
    retry_form: str = "bare-retry"
    """PI form put into the retry prompt."""
    rounds: int = Field(1, ge=1)
    """Rounds of rollout and training; each starts from the last one's weights and its own failures."""


class ExamplesConfig(Table):
    """Which rollouts become examples. Read by the loop."""

    keep: Literal["first+retry", "retry", "first", "graded", "all", "correct", "incorrect"] = "first+retry"
    """first, retry, first+retry: those that pass; graded: first attempts and retries by their score, which is their
    weight in the loss; all, correct, incorrect: first attempts by verdict, for distillation."""
    above: float = Field(0.3, ge=0, le=1)
    """graded: the score that an attempt must be above."""
    teacher_form: str | None = None
    """PI form for the teacher's prompt; None: no teacher."""


class TrainConfig(Table):
    """The objective and its optimizer. Read by `train/`."""

    objective: str = "sft"
    """A registered objective: sft, opsd, or a plugin's."""
    lr: float = Field(2e-5, gt=0)
    """Peak learning rate of AdamW."""
    lora_rank: int = Field(16, ge=0)
    """LoRA rank; 0 trains all weights."""
    lora_alpha: int = Field(0, ge=0)
    """LoRA alpha; 0: twice the rank."""
    epochs: int = Field(1, ge=1)
    """SFT: passes over the examples."""
    steps: int = Field(200, ge=1)
    """OPSD: optimizer steps in all."""
    refresh_every: int = Field(10, ge=1)
    """OPSD: steps after which completions are sampled again from the current student."""
    batch_size: int = Field(16, ge=1)
    """Examples per optimizer step."""
    micro_batch_size: int = Field(0, ge=0)
    """Examples per forward pass; 0: the whole batch at once."""
    max_length: int = Field(4096, ge=8)
    """Longest prompt plus completion, in tokens. Longer examples are counted and left out."""
    warmup_steps: int = Field(0, ge=0)
    """Linear warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """Learning-rate schedule after the warm-up."""
    weight_decay: float = Field(0.0, ge=0)
    """AdamW's."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradient clipping."""
    divergence: Literal["fkl", "rkl", "jsd"] = "fkl"
    """OPSD: KL(T||S), KL(S||T), or the generalised Jensen-Shannon divergence."""
    jsd_beta: float = Field(0.5, ge=0, le=1)
    """OPSD with jsd: weight of the teacher in the mixture."""
    teacher: Literal["base", "live"] = "base"
    """OPSD: teacher weights, the frozen starting model or the current student. Never receives a gradient."""
    distill_temperature: float = Field(1.0, gt=0)
    """OPSD: both sides' logits are divided by this before the divergence."""
    gradient_checkpointing: bool = False
    """Trade time for memory."""


class RecipeConfig(Table):
    """One arm of the methods page, as data."""

    name: str
    """The arm's id."""
    summary: str
    """One line."""
    definition: str = ""
    """What is done, in full, and which parts of it are ours."""
    source: str = ""
    """Seed document or paper."""
    published: str = ""
    """The published result to set beside ours."""
    control_for: tuple[str, ...] = ()
    """The recipes that this one is a control of."""
    rollouts: RolloutsConfig = RolloutsConfig()
    examples: ExamplesConfig = ExamplesConfig()


class RunConfig(Table):
    """A run: one recipe on one domain with one model, over some seeds."""

    recipe: RecipeConfig
    domain: str
    """A registered domain."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """One cell each."""
    store: Path = Path("runs")
    """Folder of the store: rollouts, verdicts, checkpoints and cells, shared by all runs that name it."""
    model: ModelConfig = ModelConfig()
    engine: EngineConfig = EngineConfig()
    data: DataConfig = DataConfig()
    sampling: SamplingConfig = SamplingConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    verify: VerifyConfig = VerifyConfig()
    train: TrainConfig = TrainConfig()


T = TypeVar("T", bound=Table)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `UsageError` naming the file and the line."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        near = did_you_mean(path.name, (p.name for p in path.parent.glob("*.toml"))) if path.parent.is_dir() else ""
        raise UsageError(f"No file {str(path)!r}.{near}", "Give a TOML file that exists, or none.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: {error}") from error


def parse_set(assignment: str) -> dict[str, Any]:
    """`"train.lr=1e-4"` as nested tables. The value is TOML; a bare word is a string. Raises `UsageError`."""
    key, equals, text = assignment.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise UsageError(f"--set {assignment!r} is not of the form table.key=value.", "Example: --set train.lr=1e-4")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for part in reversed(parts):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables merged, later layers winning key by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def build(table: type[T], values: Mapping[str, Any], where: str) -> T:
    """A checked table. Raises `UsageError` that names `where`, the dotted key, and the nearest known key."""
    try:
        return table.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        path = [str(part) for part in first["loc"]]
        key = ".".join(path)
        if first["type"] == "extra_forbidden":
            known = _keys_at(table, path[:-1])
            raise UsageError(
                f"{where}: unknown key {key!r}.{did_you_mean(path[-1], known)}",
                f"Keys there: {', '.join(sorted(known))}.",
            ) from None
        message = first["msg"][0].lower() + first["msg"][1:]
        raise UsageError(f"{where}: {key}: {message} (got {first.get('input')!r:.80}).") from None


def _keys_at(table: type[BaseModel], path: Sequence[str]) -> list[str]:
    for part in path:
        annotation = table.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        table = annotation
    return list(table.model_fields)


def as_json(table: Table, without: Sequence[str] = ()) -> dict[str, JSON]:
    """The table as plain JSON values, for keys and for `cell.json`, less the dotted keys in `without`."""
    values: dict[str, Any] = table.model_dump(mode="json")
    for key in without:
        *path, last = key.split(".")
        inner = values
        for part in path:
            inner = inner[part]
        del inner[last]
    return values
