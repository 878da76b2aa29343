"""What the core itself brings, registered through the same hooks as any plugin's.

Only names and import paths: nothing is imported until it is used, so an engine whose packages are missing costs
nothing.
"""

from __future__ import annotations

from pidistill.authoring.recipes import recipe_specs
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
        Spec(
            "grpo",
            "Group-relative policy optimisation on the verifier's reward.",
            "pidistill.train.policy:GrpoObjective",
        ),
        Spec(
            "iprs", "GRPO with a bonus for completions that PI makes likelier.", "pidistill.train.policy:IprsObjective"
        ),
        Spec(
            "contrast",
            "Control: tokens are worth what the right PI says beyond what misleading PI says.",
            "pidistill.train.controls:ContrastObjective",
        ),
        Spec(
            "unlikelihood",
            "Control without a teacher: pushes down the tokens that the student found least likely.",
            "pidistill.train.controls:UnlikelihoodObjective",
        ),
    ]


@hookimpl
def pidistill_register_pi_forms() -> list[Spec]:
    forms = {
        "none": ("NoPI", "No PI and no failure notice: the plain prompt again."),
        "bare-retry": ("BareRetry", "The failed attempt, and one sentence that says only that it was wrong."),
        "revise": ("Revise", "One bit: that it was wrong, or that it was right and is to be said again."),
        "gold": ("Gold", "The reference answer."),
        "gibberish": ("Gibberish", "A nonsense token in the place of the answer."),
        "wrong": ("Wrong", "Another problem's answer."),
        "first-step": ("FirstStep", "The first step of a reference solution, without the answer."),
        "peer-solution": ("PeerSolution", "Another passing rollout of the same problem."),
    }
    contexts = {
        "attempt-and-verdict": ("AttemptAndVerdict", "The attempt and what the verifier said of it."),
        "world-feedback": ("WorldFeedback", "A passing sibling and what the environment said of the attempt."),
        "shortest-sibling": ("ShortestSibling", "The shortest passing attempt at the same problem."),
        "solution": ("Solution", "The worked reference solution."),
        "other-solution": ("OtherSolution", "Another problem and its solution: placebo of solution."),
        "hindsight": ("Hindsight", "A failed attempt's verdict, the reference answer, and to rewrite it."),
    }
    written = {
        "hint": ("Hint", "A strategy, written by a model that sees the problem alone."),
        "diagnosis": ("Diagnosis", "Where the attempt first goes wrong, written by a model that sees it."),
    }
    return [
        *(Spec(name, summary, f"pidistill.pi.forms:{cls}") for name, (cls, summary) in forms.items()),
        *(Spec(name, summary, f"pidistill.pi.contexts:{cls}") for name, (cls, summary) in contexts.items()),
        *(Spec(name, summary, f"pidistill.pi.written:{cls}") for name, (cls, summary) in written.items()),
    ]


@hookimpl
def pidistill_register_selectors() -> list[Spec]:
    selectors = {
        "first+retry": ("FirstAndRetry", "First attempts and retries that pass."),
        "first": ("First", "First attempts that pass."),
        "retry": ("Retry", "Retries that pass."),
        "all": ("All", "First attempts, passed or failed."),
        "correct": ("Correct", "First attempts that pass, for distillation."),
        "incorrect": ("Incorrect", "First attempts that fail, for distillation."),
        "graded": ("Graded", "Attempts that score above a bound, weighted by their score."),
        "frontier": ("Frontier", "Problems that the student solves sometimes (and its teacher more often)."),
        "shortest": ("Shortest", "The shortest passing attempt of each problem."),
        "longest-failing": ("LongestFailing", "The longest failing attempt of each problem that has a passing one."),
        "advantage": ("Advantage", "First attempts with their reward and its distance to the group's mean."),
        "coin": ("Coin", "As advantage, with the rewards of a problem dealt out by chance."),
    }
    return [Spec(name, summary, f"pidistill.select.selectors:{cls}") for name, (cls, summary) in selectors.items()]


@hookimpl
def pidistill_register_recipes() -> list[Spec]:
    return recipe_specs("pidistill.recipes")
