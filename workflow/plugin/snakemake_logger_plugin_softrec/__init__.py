"""What softrec does before Snakemake reads a configuration: Snakemake imports the logger plugins that it finds first.

The package logs nothing. `make` puts the folder above it on the path of its environment.
"""

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from snakemake_logger_plugin_softrec import cache_folder, config_file

config_file.attach()
cache_folder.attach()


class LogHandler(LogHandlerBase):
    """What makes this package a plugin: a handler of no record."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: LogRecord) -> None:
        """Nothing."""
