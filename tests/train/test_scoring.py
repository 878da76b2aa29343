"""Taking a model apart: the same logits as its own forward pass, at the tokens of the completion and nowhere else."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
)

from pidistill.engines.loading import load_model
from pidistill.errors import EngineError
from pidistill.records import ModelRef
from pidistill.train.scoring import Batch, LogitHead, check_same_targets

CPU = torch.device("cpu")
PROMPTS = [[5, 6, 7], [8], [9, 10, 11, 12, 13]]
COMPLETIONS = [[20, 2], [21, 22, 23, 2], [24]]


def test_rows_are_the_completion_tokens_in_order_with_their_end_tokens() -> None:
    batch = Batch.of(PROMPTS, COMPLETIONS, CPU)
    assert batch.targets_N.tolist() == [20, 2, 21, 22, 23, 2, 24]
    assert batch.row_N.tolist() == [0, 0, 1, 1, 1, 1, 2]
    assert batch.position_N.tolist() == [2, 3, 0, 1, 2, 3, 4]
    assert batch.attention_mask_BT.sum(-1).tolist() == [5, 5, 6]


def test_a_padded_batch_gives_each_sequence_the_logits_it_has_alone(any_model: ModelRef) -> None:
    model = load_model(any_model, "float32", "cpu").double()
    head = LogitHead.of(model)
    with torch.no_grad():
        logits = head(Batch.of(PROMPTS, COMPLETIONS, CPU).hidden(model))
        expected = []
        for prompt, completion in zip(PROMPTS, COMPLETIONS, strict=True):
            whole = model(input_ids=torch.tensor([[*prompt, *completion]])).logits[0]
            expected.append(whole[len(prompt) - 1 : -1])
    torch.testing.assert_close(logits, torch.cat(expected))


def test_prompts_of_unequal_lengths_score_the_same_targets() -> None:
    check_same_targets(Batch.of(PROMPTS, COMPLETIONS, CPU), Batch.of([[1] * 9, [2, 3], [4]], COMPLETIONS, CPU))


def test_another_completion_on_the_teachers_side_is_an_error_that_says_where() -> None:
    other = [COMPLETIONS[0], [21, 22, 99, 2], COMPLETIONS[2]]
    with pytest.raises(EngineError, match=r"token 4 of the batch \(example 1\) the student has id 23 .* teacher id 99"):
        check_same_targets(Batch.of(PROMPTS, COMPLETIONS, CPU), Batch.of(PROMPTS, other, CPU))


def test_a_boundary_moved_by_one_is_an_error() -> None:
    """The same sequences, with the last token of a prompt taken for the first of its completion."""
    moved = Batch.of([[5, 6], *PROMPTS[1:]], [[7, 20, 2], *COMPLETIONS[1:]], CPU)
    with pytest.raises(EngineError, match="7 completion tokens and the teacher's 8"):
        check_same_targets(Batch.of(PROMPTS, COMPLETIONS, CPU), moved)


def test_the_same_tokens_split_otherwise_over_sequences_are_an_error() -> None:
    split = Batch.of(PROMPTS, [[20], [2, 21, 22, 23, 2], [24]], CPU)
    with pytest.raises(EngineError, match="do not score the same completion"):
        check_same_targets(Batch.of(PROMPTS, COMPLETIONS, CPU), split)


SMALL = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "pad_token_id": 0,
    "initializer_range": 0.5,
}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (Gemma2ForCausalLM, Gemma2Config(**SMALL, final_logit_softcapping=2.0)),
        (GraniteForCausalLM, GraniteConfig(**SMALL, logits_scaling=8.0)),
        (CohereForCausalLM, CohereConfig(**SMALL, logit_scale=0.1)),
    ],
)
def test_heads_with_a_scale_or_a_soft_cap_are_the_models_own(
    kind: type[PreTrainedModel], config: PretrainedConfig
) -> None:
    model = kind(config).eval()
    batch = Batch.of([[3, 4]], [[5, 6, 7]], CPU)
    with torch.no_grad():
        expected = model(input_ids=batch.input_ids_BT).logits[0, 1:-1]
        head = LogitHead.of(model)
        torch.testing.assert_close(head(batch.hidden(model)), expected)
    assert head.scale != 1 or head.softcap is not None


def test_a_head_that_does_something_else_is_refused(model: ModelRef) -> None:
    bare = load_model(model, "float32", "cpu")
    own = bare.forward

    def forward(**inputs: torch.Tensor) -> object:
        output = own(**inputs)
        output.logits = output.logits**2
        return output

    bare.forward = forward
    with pytest.raises(EngineError, match="does not compute its logits"):
        LogitHead.of(bare)
