# Files for other tools: training curves for TensorBoard, an RO-Crate. No rule of this file is part of `all`.
# Reads:  results/<run>/: training logs, tables, figures, the run's manifest
# Writes: results/<run>/{tensorboard,ro-crate}/

RULE_FILES = [
    place.path(f"workflow/rules/{file.name}")
    for file in sorted((place.PROJECT / "workflow/rules").glob("*.smk"))
]


rule write_training_curves:
    """Write the training curves of all training runs for TensorBoard"""
    input:
        logs=[f"results/{RUN}/{folder}/training.jsonl" for folder in inputs.training_runs(config)],
    output:
        curves=directory("results/<run>/tensorboard"),
    log:
        "results/<run>/logs/write_training_curves.log",
    benchmark:
        "results/<run>/benchmarks/write_training_curves.tsv"
    localrule: True
    conda:
        "../../envs/use.yaml"
    params:
        cfg=slices.training_curves(),
        code=code_digest("write_training_curves"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/write_training_curves.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --curves {output.curves:q} \
            2>{log:q}
        """


rule make_run_crate:
    """Describe the finished run as a Workflow Run RO-Crate"""
    input:
        manifest="results/<run>/manifest.json",
        results=[*rules.make_run_manifest.input],
        workflow=[place.path("workflow/Snakefile"), *RULE_FILES],
        licence=place.path("LICENSE"),
    output:
        crate=directory("results/<run>/ro-crate"),
    log:
        "results/<run>/logs/make_run_crate.log",
    benchmark:
        "results/<run>/benchmarks/make_run_crate.tsv"
    localrule: True
    conda:
        "../../envs/use.yaml"
    params:
        cfg=slices.crate(),
        code=code_digest("make_run_crate"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_run_crate.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --manifest {input.manifest:q} \
            --results {input.results:q} \
            --workflow {input.workflow:q} \
            --licence {input.licence:q} \
            --crate {output.crate:q} \
            2>{log:q}
        """
