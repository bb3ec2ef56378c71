# Figures; each is a separate target.
# Reads:  training logs, self-distilled data, every d_0, the long tables, the hyperparameters chosen on validation
# Writes: results/<run>/figures/: Figures 2, 5 and 6, the curriculum, the plotted numbers of each as CSV; runtimes.csv


rule plot_curriculum:
    """Plot tau and d_t by epoch"""
    input:
        logs=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.soft_cells(config)],
    output:
        csv="results/<run>/figures/curriculum.csv",
        pdf="results/<run>/figures/curriculum.pdf",
        png="results/<run>/figures/curriculum.png",
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
        python "$SOFTREC_SCRIPTS"/plot_curriculum.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --csv {output.csv:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """


rule collect_runtimes:
    """Collect the minutes of each run by stage"""
    input:
        logs=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.tuned_cells(config)]
        + [
            f"results/{RUN}/{folder}/training.jsonl"
            for folder, _ in search.sasrec_trainings(config)
        ],
        answers=[
            f"results/{RUN}/{cell.folder}/self_distilled.parquet"
            for cell in grid.answering_cells(config)
        ],
        distances=inputs.initial_distances(config),
    output:
        runtimes="results/<run>/runtimes.csv",
        device_minutes="results/<run>/device_minutes.csv",
        markdown="results/<run>/runtimes.md",
    log:
        "results/<run>/logs/collect_runtimes.log",
    benchmark:
        "results/<run>/benchmarks/collect_runtimes.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.runtimes(),
        code=code_digest("collect_runtimes"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/collect_runtimes.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --answers {input.answers:q} \
            --distances {input.distances:q} \
            --runtimes {output.runtimes:q} \
            --device-minutes {output.device_minutes:q} \
            --markdown {output.markdown:q} \
            2>{log:q}
        """


rule plot_figure2:
    """Plot first-epoch losses and the hit ratios of self-distilled titles (Figure 2)"""
    input:
        sft=[f"results/{RUN}/{cell.folder}/training.jsonl" for cell in grid.compared_cells(config)],
        wo_sa=[
            f"results/{RUN}/{cell.folder}/training.jsonl"
            for cell in grid.without_scheduler(config)
        ],
        metrics=[
            f"results/{RUN}/{cell.folder}/self_distilled.metrics.json"
            for cell in grid.compared_cells(config)
        ],
    output:
        csv="results/<run>/figures/figure2.csv",
        pdf="results/<run>/figures/figure2.pdf",
        png="results/<run>/figures/figure2.png",
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
        python "$SOFTREC_SCRIPTS"/plot_figure2.py \
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
    """Plot the test metric of SOFT against alpha (Figure 5)"""
    input:
        settings_long=inputs.curricula_tables(config),
        choices=[
            f"results/{RUN}/{choice}" for choice in grid.choices(config, grid.curricula(config))
        ],
        ranks=[
            f"results/{RUN}/{cell.folder}/test.ranks.parquet" for cell in grid.soft_cells(config)
        ],
    output:
        csv="results/<run>/figures/figure5.csv",
        intervals="results/<run>/figures/figure5_intervals.csv",
        pdf="results/<run>/figures/figure5.pdf",
        png="results/<run>/figures/figure5.png",
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
        python "$SOFTREC_SCRIPTS"/plot_figure5.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --settings-long {input.settings_long:q} \
            --choices {input.choices:q} \
            --ranks {input.ranks:q} \
            --csv {output.csv:q} \
            --intervals {output.intervals:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """


rule plot_figure6:
    """Plot training minutes against accuracy (Figure 6)"""
    input:
        minutes="results/<run>/device_minutes.csv",
        long="results/<run>/table2_long.csv",
        choices=[f"results/{RUN}/{choice}" for choice in PAPER_CHOICES]
        + [f"results/{RUN}/{dataset}/sasrec/l2.json" for dataset in grid.sasrec_datasets(config)],
    output:
        csv="results/<run>/figures/figure6.csv",
        pdf="results/<run>/figures/figure6.pdf",
        png="results/<run>/figures/figure6.png",
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
        python "$SOFTREC_SCRIPTS"/plot_figure6.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --minutes {input.minutes:q} \
            --long {input.long:q} \
            --choices {input.choices:q} \
            --csv {output.csv:q} \
            --pdf {output.pdf:q} \
            --png {output.png:q} \
            2>{log:q}
        """
