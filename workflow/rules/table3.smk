# Beyond the paper: rows that bound what a language model adds, and controls that change one part of SOFT.
# Reads:  ranks, metrics and choices of SOFT, of bounds and of controls
# Writes: results/<run>/table3*. Their tests are a family of their own, so no number of the paper's rows changes


use rule collect_results as collect_table3 with:
    input:
        metrics=[f"results/{RUN}/{cell.folder}/test.metrics.json" for cell in FURTHER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in FURTHER_CHOICES],
    output:
        long="results/<run>/table3_long.csv",
        all_long="results/<run>/table3_all_long.csv",
        settings_long="results/<run>/table3_settings_long.csv",
    log:
        "results/<run>/logs/collect_table3.log",
    benchmark:
        "results/<run>/benchmarks/collect_table3.tsv"
    params:
        cfg=slices.collect(FURTHER_ROWS),
        code=code_digest("collect_results"),


use rule measure_significance as measure_table3 with:
    input:
        ranks=[f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in FURTHER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in FURTHER_CHOICES],
    output:
        intervals="results/<run>/table3_intervals.csv",
        intervals_paper="results/<run>/table3_intervals_paper.csv",
        tests="results/<run>/table3_significance.csv",
        markdown="results/<run>/table3_significance.md",
    log:
        "results/<run>/logs/measure_table3.log",
    benchmark:
        "results/<run>/benchmarks/measure_table3.tsv"
    params:
        cfg=slices.significance(FURTHER_ROWS),
        code=code_digest("measure_significance"),


use rule measure_power as measure_table3_power with:
    input:
        ranks=[f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in FURTHER_CELLS],
        choices=[f"results/{RUN}/{choice}" for choice in FURTHER_CHOICES],
    output:
        csv="results/<run>/table3_power.csv",
        markdown="results/<run>/table3_power.md",
    log:
        "results/<run>/logs/measure_table3_power.log",
    benchmark:
        "results/<run>/benchmarks/measure_table3_power.tsv"
    params:
        cfg=slices.power(FURTHER_ROWS),
        code=code_digest("measure_power"),


rule make_table3:
    """Write Table 3: SOFT minus each bound and each control, with interval and p"""
    input:
        tests="results/<run>/table3_significance.csv",
        intervals="results/<run>/table3_intervals.csv",
    output:
        csv="results/<run>/table3.csv",
        markdown="results/<run>/table3.md",
        latex="results/<run>/table3.tex",
    log:
        "results/<run>/logs/make_table3.log",
    benchmark:
        "results/<run>/benchmarks/make_table3.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.table3(),
        code=code_digest("make_table3"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/make_table3.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --tests {input.tests:q} \
            --intervals {input.intervals:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            --latex {output.latex:q} \
            2>{log:q}
        """
