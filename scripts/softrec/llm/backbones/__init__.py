"""How a language model is told a user's history: one module per backbone of the paper.

A backbone is a module with these functions:

- `prepare(tokenizer)` adds what its prompts need to a freshly loaded tokeniser, in memory.
- `item_text(title)` is one history item as it stands in the prompt.
- `place_items(llm, ids, items)` puts the history's item ids into the prompt's token ids, where it needs them.
- `begin(llm, item_embeddings, seed)` adds weights of its own to a model that is about to be tuned.
- `input_embeddings(model, input_ids)` are the model's inputs, given ids that are still on the CPU.
- `save(model, folder)` and `load(model, folder)` keep its own weights beside the LoRA adapter.
"""
