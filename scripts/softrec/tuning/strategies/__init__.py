"""Tuning strategies, one module each: what a language model is tuned on, by which objective, under which schedule.

A strategy is a module with `Options`, a dataclass of its hyperparameters, and `prepare(options, run)`, which returns
the `Strategy` of a run (`softrec.tuning.strategy`).
"""
