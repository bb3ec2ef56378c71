# What readers see: pages that `snakemake --report` collects, every table and figure with its caption; floats for a paper.
# Reads:  tables as Markdown and LaTeX, figures as PNG, the manifest, captions in workflow/report/
# Writes: results/<run>/pages/, results/<run>/paper.tex

FIGURES = {
    "curriculum": "Curriculum",
    "figure2": "Figure 2",
    "figure5": "Figure 5",
    "figure6": "Figure 6",
}
PAGES = {
    "table1": ("Tables", "Table 1"),
    "filter_steps": ("Tables", "Filter steps"),
    "table2": ("Tables", "Table 2"),
    "table2_all": ("Tables", "Table 2, all test rows"),
    "runtimes": ("Tables", "Run times"),
    "significance": ("Numbers", "Significance"),
    "power": ("Numbers", "Power"),
    "variance": ("Numbers", "Variance"),
    "compare": ("Numbers", "Comparison with the paper"),
    "consistency": ("Numbers", "Consistency"),
    "reproduction": ("Numbers", "Summary"),
    "manifest": ("Numbers", "Manifest"),
    **({"table3": ("Tables", "Table 3, beyond the paper")} if FURTHER_ROWS else {}),
    **{name: ("Figures", FIGURES[name]) for name in grid.figures(config)},
}
CONTENT = {
    "manifest": "manifest.json",
    **{name: f"figures/{name}.png" for name in grid.figures(config)},
}
if "figure6" not in PAGES:
    del PAGES["runtimes"]  # Figure 6 is drawn where runs have minutes
if not crossed.groups(config):
    del PAGES["variance"]


rule render_page:
    """Render a table, a figure or the manifest with its caption as a page of the report"""
    input:
        content=lambda w: f"results/{RUN}/{CONTENT.get(w.page, f'{w.page}.md')}",
        caption=place.path("workflow/report/{page}.rst"),
    output:
        page=report(
            "results/<run>/pages/{page}.html",
            category=lambda w: PAGES[w.page][0],
            labels=lambda w: {"page": PAGES[w.page][1]},
        ),
    log:
        "results/<run>/logs/pages/{page}.log",
    benchmark:
        "results/<run>/benchmarks/pages/{page}.tsv"
    wildcard_constraints:
        page="|".join(PAGES),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=lambda w: slices.page(PAGES[w.page][1]),
        code=code_digest("render_page"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/render_page.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --content {input.content:q} \
            --caption {input.caption:q} \
            --page {output.page:q} \
            2>{log:q}
        """


rule write_paper:
    """Write Table 2 and the figures as LaTeX floats with captions"""
    input:
        tables=[
            f"results/{RUN}/{name}.tex"
            for name in ("table2", "table2_all", *(["table3"] if FURTHER_ROWS else []))
        ],
        figures=[f"results/{RUN}/figures/{name}.png" for name in grid.figures(config)],
    output:
        latex="results/<run>/paper.tex",
    log:
        "results/<run>/logs/write_paper.log",
    benchmark:
        "results/<run>/benchmarks/write_paper.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        cfg=slices.paper(),
        code=code_digest("write_paper"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/write_paper.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --tables {input.tables:q} \
            --figures {input.figures:q} \
            --latex {output.latex:q} \
            2>{log:q}
        """
