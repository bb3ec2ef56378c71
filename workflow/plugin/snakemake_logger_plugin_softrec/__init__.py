"""Hooks that run before Snakemake reads a configuration, in a logger plugin because Snakemake imports these first.

The package logs nothing. `make` puts its parent folder on the Python path of the environment.
"""

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from snakemake_logger_plugin_softrec import cache_folder, config_file

config_file.attach()
cache_folder.attach()


class LogHandler(LogHandlerBase):
    """The log handler that makes this package a plugin; it handles no records."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: LogRecord) -> None:
        """Ignore the record."""
