# Intervals, tests, comparison with the paper, and consistency checks.
# Reads:  ranks and metrics of every cell, the long tables, config/published.csv
# Writes: results/<run>/{intervals,significance,power,variance,compare}.csv, consistency.json, manifest.json


rule measure_significance:
    """Compute intervals of every cell, and test SOFT against every other row"""
    input:
        ranks=[f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in PAPER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in PAPER_CHOICES],
    output:
        intervals="results/<run>/intervals.csv",
        intervals_paper="results/<run>/intervals_paper.csv",
        tests="results/<run>/significance.csv",
        markdown="results/<run>/significance.md",
    log:
        "results/<run>/logs/measure_significance.log",
    benchmark:
        "results/<run>/benchmarks/measure_significance.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.significance(PAPER_ROWS),
        code=code_digest("measure_significance"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/measure_significance.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ranks {input.ranks:q} \
            --choices {input.choices:q} \
            --intervals {output.intervals:q} \
            --intervals-paper {output.intervals_paper:q} \
            --tests {output.tests:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule measure_power:
    """Simulate how often repeated experiments would find each difference, by number of test rows"""
    input:
        ranks=[f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in PAPER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in PAPER_CHOICES],
    output:
        csv="results/<run>/power.csv",
        markdown="results/<run>/power.md",
    log:
        "results/<run>/logs/measure_power.log",
    benchmark:
        "results/<run>/benchmarks/measure_power.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.power(PAPER_ROWS),
        code=code_digest("measure_power"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/measure_power.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ranks {input.ranks:q} \
            --choices {input.choices:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


if crossed.groups(config):

    rule measure_variance:
        """Estimate variance components of crossed training seeds, samples of training rows and test users"""
        input:
            ranks=[
                f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in crossed.cells(config)
            ],
            choices=[f"results/{RUN}/{choice}" for choice in crossed.choices(config)],
        output:
            csv="results/<run>/variance.csv",
            markdown="results/<run>/variance.md",
        log:
            "results/<run>/logs/measure_variance.log",
        benchmark:
            "results/<run>/benchmarks/measure_variance.tsv"
        conda:
            "../../envs/data.yaml"
        params:
            cfg=slices.variance(),
            code=code_digest("measure_variance"),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/measure_variance.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --ranks {input.ranks:q} \
                --choices {input.choices:q} \
                --csv {output.csv:q} \
                --markdown {output.markdown:q} \
                2>{log:q}
            """


rule compare_published:
    """Compare our cells with the paper's"""
    input:
        intervals="results/<run>/intervals_paper.csv",
        published=place.path("config/published.csv"),
    output:
        csv="results/<run>/compare.csv",
        markdown="results/<run>/compare.md",
    log:
        "results/<run>/logs/compare_published.log",
    benchmark:
        "results/<run>/benchmarks/compare_published.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.compare(),
        code=code_digest("compare_published"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/compare_published.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --intervals {input.intervals:q} \
            --published {input.published:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule check_consistency:
    """Check that reported metrics are attainable: multiples of 1/n, NDCGs within the bounds of their hit ratios"""
    input:
        long="results/<run>/table2_long.csv",
        all_long="results/<run>/table2_all_long.csv",
        metrics=[f"results/{RUN}/{cell.folder}/test.metrics.json" for cell in PAPER_CELLS],
        published=place.path("config/published.csv"),
    output:
        report="results/<run>/consistency.json",
        markdown="results/<run>/consistency.md",
    log:
        "results/<run>/logs/check_consistency.log",
    benchmark:
        "results/<run>/benchmarks/check_consistency.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.check_consistency(),
        code=code_digest("check_consistency"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/check_consistency.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --long {input.long:q} \
            --all-long {input.all_long:q} \
            --metrics {input.metrics:q} \
            --published {input.published:q} \
            --report {output.report:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule make_run_manifest:
    """Collect the provenance of all tables: configuration, inputs, versions, hardware"""
    input:
        tables=[
            f"results/{RUN}/{name}.csv"
            for name in ("table1", "table2", "table2_long", "table2_all", "table2_all_long")
        ]
        + (TABLE3 if FURTHER_ROWS else []),
        numbers=[
            f"results/{RUN}/{name}"
            for name in (
                "significance.csv",
                "power.csv",
                "intervals.csv",
                "intervals_paper.csv",
                "compare.csv",
                "consistency.json",
            )
        ],
        figures=[
            f"results/{RUN}/figures/{name}.{form}"
            for name in grid.figures(config)
            for form in ("pdf", "png")
        ],
    output:
        manifest="results/<run>/manifest.json",
    log:
        "results/<run>/logs/make_run_manifest.log",
    benchmark:
        "results/<run>/benchmarks/make_run_manifest.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.manifest(),
        code=code_digest("make_run_manifest"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_run_manifest.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --tables {input.tables:q} \
            --numbers {input.numbers:q} \
            --figures {input.figures:q} \
            --manifest {output.manifest:q} \
            2>{log:q}
        """
