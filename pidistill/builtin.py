"""What the core itself brings, registered through the same hooks as any plugin's.

Only names and import paths: nothing is imported until it is used, so an engine whose packages are missing costs
nothing. Recipes are not here; they are data, in `pidistill.recipes`.
"""

from __future__ import annotations

from pidistill.contracts import Spec
from pidistill.hookspecs import hookimpl


@hookimpl
def pidistill_register_engines() -> list[Spec]:
    return [
        Spec(
            "transformers",
            "Hugging Face generate, batched by length; runs anywhere.",
            "pidistill.engines.transformers_engine:TransformersEngine",
        ),
        Spec("vllm", "vLLM in process, GPU or CPU build.", "pidistill.engines.vllm_engine:VLLMEngine"),
        Spec("openai", "Any OpenAI-compatible server.", "pidistill.engines.openai_engine:OpenAIEngine"),
    ]


@hookimpl
def pidistill_register_objectives() -> list[Spec]:
    return [
        Spec("sft", "Cross-entropy on the kept completions.", "pidistill.train.sft:SFTObjective"),
        Spec("opsd", "On-policy self-distillation from a teacher that sees PI.", "pidistill.train.opsd:OpsdObjective"),
    ]


@hookimpl
def pidistill_register_pi_forms() -> list[Spec]:
    forms = {
        "none": ("NoPI", "No PI and no failure notice: the plain prompt again."),
        "bare-retry": ("BareRetry", "The failed attempt, and one sentence that says only that it was wrong."),
        "gold": ("Gold", "The reference answer."),
        "gibberish": ("Gibberish", "A nonsense token in the place of the answer."),
        "wrong": ("Wrong", "Another problem's answer."),
        "first-step": ("FirstStep", "The first step of a reference solution, without the answer."),
        "peer-solution": ("PeerSolution", "Another passing rollout of the same problem."),
    }
    return [Spec(name, summary, f"pidistill.pi.forms:{cls}") for name, (cls, summary) in forms.items()]
