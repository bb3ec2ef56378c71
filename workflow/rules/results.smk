# What goes into the paper.
# Needs: the metrics of every cell, the choices made on validation, training logs, filter counts.
# Gives: Tables 1 and 2 in every form, and the curves of the curriculum.


rule make_table1:
    """Our counts beside the paper's (Table 1)"""
    input:
        counts=[f"results/{RUN}/{dataset}/filter_counts.json" for dataset in config["datasets"]],
        published="config/published.csv",
    output:
        csv=report(
            "results/<run>/table1.csv",
            category="Tables",
            caption="../report/table1.rst",
            labels={"table": "Table 1", "form": "csv"},
        ),
        markdown="results/<run>/table1.md",
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
        python scripts/make_table1.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --counts {input.counts:q} \
            --published {input.published:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule collect_results:
    """Put the metrics of every cell into one long table"""
    input:
        metrics=[f"results/{RUN}/{cell.folder}/test.metrics.json" for cell in grid.cells(config)],
        choices=[f"results/{RUN}/{choice}" for choice in grid.choices(config)],
    output:
        long="results/<run>/table2_long.csv",
        settings_long="results/<run>/all_settings_long.csv",
    log:
        "results/<run>/logs/collect_results.log",
    benchmark:
        "results/<run>/benchmarks/collect_results.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.collect(),
        code=code_digest("collect_results"),
    shell:
        r"""
        python scripts/collect_results.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --metrics {input.metrics:q} \
            --choices {input.choices:q} \
            --long {output.long:q} \
            --settings-long {output.settings_long:q} \
            2>{log:q}
        """


rule measure_significance:
    """Intervals of every cell, and tests of what SOFT adds"""
    input:
        ranks=[f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in grid.cells(config)],
        choices=[f"results/{RUN}/{choice}" for choice in grid.choices(config)],
    output:
        intervals="results/<run>/intervals.csv",
        tests="results/<run>/significance.csv",
        markdown=report(
            "results/<run>/significance.md",
            category="Numbers",
            caption="../report/significance.rst",
            labels={"table": "Significance", "form": "md"},
        ),
    log:
        "results/<run>/logs/measure_significance.log",
    benchmark:
        "results/<run>/benchmarks/measure_significance.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.significance(),
        code=code_digest("measure_significance"),
    shell:
        r"""
        python scripts/measure_significance.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ranks {input.ranks:q} \
            --choices {input.choices:q} \
            --intervals {output.intervals:q} \
            --tests {output.tests:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule compare_published:
    """Our cells beside the paper's"""
    input:
        intervals="results/<run>/intervals.csv",
        published="config/published.csv",
    output:
        csv="results/<run>/compare.csv",
        markdown=report(
            "results/<run>/compare.md",
            category="Numbers",
            caption="../report/compare.rst",
            labels={"table": "Beside the paper", "form": "md"},
        ),
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
        python scripts/compare_published.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --intervals {input.intervals:q} \
            --published {input.published:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule audit_numbers:
    """Are these numbers such as ranks can give?"""
    input:
        long="results/<run>/table2_long.csv",
        metrics=[f"results/{RUN}/{cell.folder}/test.metrics.json" for cell in grid.cells(config)],
        published="config/published.csv",
    output:
        audit="results/<run>/audit.json",
        markdown=report(
            "results/<run>/audit.md",
            category="Numbers",
            caption="../report/audit.rst",
            labels={"table": "Audit", "form": "md"},
        ),
    log:
        "results/<run>/logs/audit_numbers.log",
    benchmark:
        "results/<run>/benchmarks/audit_numbers.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.audit_numbers(),
        code=code_digest("audit_numbers"),
    shell:
        r"""
        python scripts/audit_numbers.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --long {input.long:q} \
            --metrics {input.metrics:q} \
            --published {input.published:q} \
            --audit {output.audit:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule make_run_manifest:
    """With what, from what and on what the tables were made"""
    input:
        results=[f"results/{RUN}/{name}.csv" for name in ("table1", "table2", "table2_long")],
        raw=sorted(
            {
                path
                for dataset in config["datasets"]
                for path in sources.dataset_files(config, dataset).values()
            }
        ),
        requirements="envs/requirements.txt",
    output:
        manifest=report(
            "results/<run>/manifest.json",
            category="Numbers",
            caption="../report/manifest.rst",
            labels={"table": "Manifest", "form": "json"},
        ),
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
        python scripts/make_run_manifest.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --results {input.results:q} \
            --raw {input.raw:q} \
            --requirements {input.requirements:q} \
            --manifest {output.manifest:q} \
            2>{log:q}
        """


rule make_table2:
    """The paper's Table 2 from the long table"""
    input:
        long="results/<run>/table2_long.csv",
        tests="results/<run>/significance.csv",
        students=[
            f"results/{RUN}/{dataset}/dllm2rec/seed={config['tuning_seed']}/training.jsonl"
            for dataset in grid.taught(config)
        ],
    output:
        csv=report(
            "results/<run>/table2.csv",
            category="Tables",
            caption="../report/table2.rst",
            labels={"table": "Table 2", "form": "csv"},
        ),
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
        cfg=slices.table2(),
        code=code_digest("make_table2"),
    shell:
        r"""
        python scripts/make_table2.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --long {input.long:q} \
            --tests {input.tests:q} \
            --students {input.students:q} \
            --csv {output.csv:q} \
            --markdown {output.markdown:q} \
            --latex {output.latex:q} \
            2>{log:q}
        """


rule plot_curriculum:
    """Draw tau and d_t by epoch"""
    input:
        logs=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.soft_cells(config)],
    output:
        pdf="results/<run>/figures/curriculum.pdf",
        png=report(
            "results/<run>/figures/curriculum.png",
            category="Figures",
            caption="../report/curriculum.rst",
            labels={"figure": "Curriculum", "form": "png"},
        ),
    log:
        "results/<run>/logs/plot_curriculum.log",
    benchmark:
        "results/<run>/benchmarks/plot_curriculum.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=slices.curriculum(),
        code=code_digest("plot_curriculum"),
    shell:
        r"""
        python scripts/plot_curriculum.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """


rule make_ledger:
    """Gather where the minutes went"""
    input:
        logs=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.tuned_cells(config)]
        + [
            f"results/{RUN}/{cell.dataset}/sasrec/l2={l2}/seed={cell.seed}/training.jsonl"
            for cell in grid.sasrec_cells(config)
            for l2 in config["sasrec"]["l2"]
        ],
        answers=[
            f"results/{RUN}/{cell.folder}/self_distilled.parquet"
            for cell in grid.answering_cells(config)
        ],
    output:
        ledger="results/<run>/ledger.csv",
    log:
        "results/<run>/logs/make_ledger.log",
    benchmark:
        "results/<run>/benchmarks/make_ledger.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.ledger(),
        code=code_digest("make_ledger"),
    shell:
        r"""
        python scripts/make_ledger.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --answers {input.answers:q} \
            --ledger {output.ledger:q} \
            2>{log:q}
        """


rule plot_figure2:
    """Draw losses of the first epoch and what self-distilled titles hit (Figure 2)"""
    input:
        sft=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.compared_cells(config)],
        wo_sa=[
            f"results/{RUN}/{cell.folder}/training.jsonl".replace("/sft/", "/soft-wo-sa/")
            for cell in grid.compared_cells(config)
        ],
        metrics=[
            f"results/{RUN}/{cell.folder}/self_distilled.metrics.json"
            for cell in grid.compared_cells(config)
        ],
    output:
        csv="results/<run>/figures/figure2.csv",
        pdf="results/<run>/figures/figure2.pdf",
        png=report(
            "results/<run>/figures/figure2.png",
            category="Figures",
            caption="../report/figure2.rst",
            labels={"figure": "Figure 2", "form": "png"},
        ),
    log:
        "results/<run>/logs/plot_figure2.log",
    benchmark:
        "results/<run>/benchmarks/plot_figure2.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=slices.figure2(),
        code=code_digest("plot_figure2"),
    shell:
        r"""
        python scripts/plot_figure2.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --sft {input.sft:q} \
            --wo-sa {input.wo_sa:q} \
            --metrics {input.metrics:q} \
            --csv {output.csv:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """


rule plot_figure5:
    """Draw the test metric of SOFT against alpha (Figure 5)"""
    input:
        settings_long="results/<run>/all_settings_long.csv",
        choices=[f"results/{RUN}/{choice}" for choice in grid.choices(config)],
    output:
        csv="results/<run>/figures/figure5.csv",
        pdf="results/<run>/figures/figure5.pdf",
        png=report(
            "results/<run>/figures/figure5.png",
            category="Figures",
            caption="../report/figure5.rst",
            labels={"figure": "Figure 5", "form": "png"},
        ),
    log:
        "results/<run>/logs/plot_figure5.log",
    benchmark:
        "results/<run>/benchmarks/plot_figure5.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=slices.figure5(),
        code=code_digest("plot_figure5"),
    shell:
        r"""
        python scripts/plot_figure5.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --settings-long {input.settings_long:q} \
            --choices {input.choices:q} \
            --csv {output.csv:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """


rule plot_figure6:
    """Draw minutes of training against accuracy (Figure 6)"""
    input:
        ledger="results/<run>/ledger.csv",
        long="results/<run>/table2_long.csv",
        choices=[f"results/{RUN}/{choice}" for choice in grid.choices(config)]
        + [f"results/{RUN}/{dataset}/sasrec/l2.json" for dataset in grid.sasrec_datasets(config)],
    output:
        csv="results/<run>/figures/figure6.csv",
        pdf="results/<run>/figures/figure6.pdf",
        png=report(
            "results/<run>/figures/figure6.png",
            category="Figures",
            caption="../report/figure6.rst",
            labels={"figure": "Figure 6", "form": "png"},
        ),
    log:
        "results/<run>/logs/plot_figure6.log",
    benchmark:
        "results/<run>/benchmarks/plot_figure6.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=slices.figure6(),
        code=code_digest("plot_figure6"),
    shell:
        r"""
        python scripts/plot_figure6.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ledger {input.ledger:q} \
            --long {input.long:q} \
            --choices {input.choices:q} \
            --csv {output.csv:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """
