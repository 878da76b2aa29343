"""Engines make rollouts: one protocol (`contracts.Engine`), three engines, and what they share with the trainers.

`chat` owns the way from messages to token ids and back, `loading` the way from a model's name to its weights; trainers
use both, so that what was sampled and what is trained on are the same tokens. `transformers_engine` decodes with any
Hugging Face causal LM, `vllm_engine` with vLLM in this process, `openai_engine` with a server elsewhere. Each engine's
module is imported by the registry only when it is used: importing this package imports no torch.
"""
