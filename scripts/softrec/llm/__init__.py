"""Language models: files, weights, prompts, LoRA, log-likelihoods and embeddings."""
