"""The frame of a job: modules that cannot change what a job computes, each with the reason.

They are excluded from the code digests that decide whether a result is stale, and may be edited while a job is queued.
Their results reach only the terminal, a log, or the manifest of an output; if they raise an error, nothing is written.
A module that affects a number, a text or an order in an output does not belong here.
"""

FRAME = {
    "common": "starts to record which modules are loaded",
    "common.display_text": "how external text is displayed",
    "common.errors": "error messages: a job that raises one writes nothing",
    "common.file_digests": "caches sha256 sums, which go into manifests and names of checkpoints",
    "common.frame": "this list",
    "common.loaded_modules": "refuses modules that are not the planned ones",
    "common.log": "log lines",
    "common.manifests": "the manifest of an output, and the check of inputs against it",
    "common.syntax_digest": "digests of modules: a change of it changes all digests anyway",
    "softrec.core.garbage": "when Python collects garbage",
    "softrec.core.interruption": "records that a job received a signal to stop",
    "softrec.job.arguments": "names and help of arguments: a script without its files fails",
    "softrec.job.plan": "refuses jobs whose settings or code were edited in the queue",
    "softrec.job.program": "parses paths, checks inputs, calls the script, writes manifests",
    "softrec.job.unexpected_errors": "error messages",
}
