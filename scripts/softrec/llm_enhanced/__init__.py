"""Sequential recommenders that learn from a language model: DLLM2Rec and LLM-CF."""
