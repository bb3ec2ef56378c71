"""softrec: SOFT, its baselines, and how they are compared."""

import common  # noqa: F401 - notes which modules are loaded (common/loaded_modules.py)
