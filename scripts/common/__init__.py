"""What the scripts and the workflow share: errors, files, manifests and digests. It imports neither."""

from common import loaded_modules

loaded_modules.watch()
