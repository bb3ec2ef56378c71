"""Code shared by the scripts and the workflow: errors, files, manifests and digests. It imports neither."""

from common import loaded_modules

loaded_modules.watch()
