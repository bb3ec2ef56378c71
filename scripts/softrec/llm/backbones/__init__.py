"""Backbones: representations of a user's history in the language model's input, one module per backbone of the paper.

A backbone is a module with these functions:

- `prepare(tokenizer)` adds special tokens to a freshly loaded tokeniser, in memory.
- `item_text(title)` returns the text of one history item in the prompt.
- `place_items(llm, ids, items)` inserts the history's item ids into the prompt's token ids, if the backbone uses them.
- `begin(llm, item_embeddings, seed)` adds the backbone's own weights to a model before tuning.
- `input_embeddings(model, input_ids)` returns the model's input embeddings, given ids on the CPU.
- `save(model, folder)` and `load(model, folder)` write and read these weights in the folder of the LoRA adapter.
- `require_items(model, items)` raises `SoftrecError` if the model's weights are for another number of items.
"""
