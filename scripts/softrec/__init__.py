"""softrec: SOFT, its baselines, and how they are compared."""

from softrec import loaded

loaded.watch()
