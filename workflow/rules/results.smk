# Tables 1 and 2 of the paper.
# Reads:  the metrics of every cell, the choices made on validation, filter counts; for reproduction.md the statistics
# Writes: results/<run>/table{1,2}*: long tables, Tables 1 and 2 in every format; reproduction.md


rule make_table1:
    """Write Table 1: our counts beside the paper's"""
    input:
        counts=[f"results/{RUN}/{dataset}/filter_counts.json" for dataset in config["datasets"]],
        published=place.path("config/published.csv"),
    output:
        csv="results/<run>/table1.csv",
        markdown="results/<run>/table1.md",
        steps="results/<run>/filter_steps.md",
    log:
        "results/<run>/logs/make_table1.log",
    benchmark:
        "results/<run>/benchmarks/make_table1.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.table1(),
        code=code_digest("make_table1"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_table1.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --counts {input.counts:q} \
            --published {input.published:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            --steps {output.steps:q} \
            2>{log:q}
        """


rule collect_results:
    """Collect the metrics of every cell in long-format tables"""
    input:
        metrics=[f"results/{RUN}/{cell.folder}/test.metrics.json" for cell in PAPER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in PAPER_CHOICES],
    output:
        long="results/<run>/table2_long.csv",
        all_long="results/<run>/table2_all_long.csv",
        settings_long="results/<run>/all_settings_long.csv",
    log:
        "results/<run>/logs/collect_results.log",
    benchmark:
        "results/<run>/benchmarks/collect_results.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.collect(PAPER_ROWS),
        code=code_digest("collect_results"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/collect_results.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --metrics {input.metrics:q} \
            --choices {input.choices:q} \
            --long {output.long:q} \
            --all-long {output.all_long:q} \
            --settings-long {output.settings_long:q} \
            2>{log:q}
        """


rule make_table2:
    """Write Table 2 on the paper's sample of test rows, from the long table"""
    input:
        long="results/<run>/table2_long.csv",
        metrics=inputs.one_of_each_dataset(config, "test.metrics.json"),
        bounds=inputs.bounds(config, "long"),
        students=[
            f"results/{RUN}/{search.candidate_folders(config, dataset, 'dllm2rec')[0]}/training.jsonl"
            for dataset in grid.taught(config)
        ],
    output:
        csv="results/<run>/table2.csv",
        markdown="results/<run>/table2.md",
        latex="results/<run>/table2.tex",
    log:
        "results/<run>/logs/make_table2.log",
    benchmark:
        "results/<run>/benchmarks/make_table2.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.table2("paper"),
        code=code_digest("make_table2"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_table2.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --long {input.long:q} \
            --metrics {input.metrics:q} \
            --bounds {input.bounds:q} \
            --students {input.students:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            --latex {output.latex:q} \
            2>{log:q}
        """


rule make_table2_all:
    """Write Table 2 on all test rows, with significance marks"""
    input:
        long="results/<run>/table2_all_long.csv",
        metrics=inputs.one_of_each_dataset(config, "test.metrics.json"),
        tests="results/<run>/significance.csv",
        bounds=inputs.bounds(config, "all_long"),
        students=[
            f"results/{RUN}/{search.candidate_folders(config, dataset, 'dllm2rec')[0]}/training.jsonl"
            for dataset in grid.taught(config)
        ],
    output:
        csv="results/<run>/table2_all.csv",
        markdown="results/<run>/table2_all.md",
        latex="results/<run>/table2_all.tex",
    log:
        "results/<run>/logs/make_table2_all.log",
    benchmark:
        "results/<run>/benchmarks/make_table2_all.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.table2("all"),
        code=code_digest("make_table2"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_table2.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --long {input.long:q} \
            --metrics {input.metrics:q} \
            --tests {input.tests:q} \
            --bounds {input.bounds:q} \
            --students {input.students:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            --latex {output.latex:q} \
            2>{log:q}
        """


rule write_summary:
    """Write the results page, with sample sizes and intervals"""
    input:
        manifest="results/<run>/manifest.json",
        intervals="results/<run>/intervals.csv",
        tests="results/<run>/significance.csv",
        logs=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.tuned_cells(config)],
        described=[
            f"results/{RUN}/{cell.folder}/self_distilled.metrics.json"
            for cell in grid.compared_cells(config)
        ],
        ranks=[
            f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in grid.soft_cells(config)
        ],
        choices=[
            f"results/{RUN}/{choice}" for choice in grid.choices(config, grid.soft_rows(config))
        ],
        table3=["results/<run>/table3.csv"] if FURTHER_ROWS else [],
        variance=["results/<run>/variance.csv"] if crossed.groups(config) else [],
        power=[
            "results/<run>/power.csv",
            *(["results/<run>/table3_power.csv"] if FURTHER_ROWS else []),
        ],
    output:
        page="results/<run>/reproduction.md",
    log:
        "results/<run>/logs/write_summary.log",
    benchmark:
        "results/<run>/benchmarks/write_summary.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.reproduction(),
        code=code_digest("write_summary"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/write_summary.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --manifest {input.manifest:q} \
            --intervals {input.intervals:q} \
            --tests {input.tests:q} \
            --logs {input.logs:q} \
            --described {input.described:q} \
            --ranks {input.ranks:q} \
            --choices {input.choices:q} \
            --table3 {input.table3:q} \
            --variance {input.variance:q} \
            --power {input.power:q} \
            --page {output.page:q} \
            2>{log:q}
        """
