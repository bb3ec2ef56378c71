"""The frame of a job: modules that cannot change what a job computes, each with the reason.

They are left out of the digests that decide whether a result is stale, and a job that waits in a queue may find them
edited. What such a module returns reaches a terminal, a log, or the manifest beside an output; what it refuses writes
nothing. A module that a number, a text or an order in an output passes through does not belong here.
"""

FRAME = {
    "common": "starts to note which modules are loaded",
    "common.display_text": "how somebody else's words are shown",
    "common.errors": "texts of errors: a job that raises one writes nothing",
    "common.file_digests": "remembers sha256 sums, which go into manifests and names of checkpoints",
    "common.frame": "this list",
    "common.loaded_modules": "refuses modules that are not the planned ones",
    "common.log": "lines of a log",
    "common.manifests": "what stands beside an output, and the check of inputs against it",
    "common.syntax_digest": "digests of modules: another one makes all of them anew by itself",
    "softrec.core.interruption": "notes that a job was told to stop",
    "softrec.job.arguments": "names and help of arguments: a script that gets no such file fails",
    "softrec.job.plan": "refuses jobs whose settings or code were edited in the queue",
    "softrec.job.program": "parses paths, checks inputs, calls the script, writes manifests",
    "softrec.job.unexpected_errors": "texts of errors",
}
