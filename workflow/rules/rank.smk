# From tuned models to metrics (paper, sections 2.2 and 4.1).
# Reads:  adapters, titles.npy, results/<run>/{dataset}/{samples,interactions.parquet}
# Writes: beside each adapter, and beside the embeddings of bounds.smk: generated texts, the rank of each target, H@K and
#         NG@K


rule predict_titles:
    """Generate a title for each row with a tuned LLM"""
    input:
        audit="results/<run>/{dataset}/samples/{split}_audit.json",
        llm=lambda w: sources.base_llm(config, w.dataset),
        adapter="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/adapter",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        rows="results/<run>/{dataset}/samples/{split}.parquet",
    output:
        predictions="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/{split}.predictions.parquet",
        embeddings="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/{split}.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/{backbone}/{variant}/seed={seed}/{split}.predict.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/{variant}/seed={seed}/{split}.predict.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.predict(w.dataset, w.backbone),
        code=lambda w: code_digest("predict_titles", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/predict_titles.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --adapter {input.adapter:q} \
            --catalogue {input.catalogue:q} \
            --rows {input.rows:q} \
            --predictions {output.predictions:q} \
            --embeddings {output.embeddings:q} \
            2>{log:q}
        """


rule predict_titles_untuned:
    """Generate a title for each row with the un-tuned LLM (guidance only)"""
    input:
        audit="results/<run>/{dataset}/samples/{split}_audit.json",
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        rows="results/<run>/{dataset}/samples/{split}.parquet",
    output:
        predictions="results/<run>/{dataset}/bigrec/untuned/{split}.predictions.parquet",
        embeddings="results/<run>/{dataset}/bigrec/untuned/{split}.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/bigrec/untuned/{split}.predict.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/bigrec/untuned/{split}.predict.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.predict(w.dataset, "bigrec"),
        code=code_digest("predict_titles", "softrec.llm.backbones.bigrec"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/predict_titles.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --rows {input.rows:q} \
            --predictions {output.predictions:q} \
            --embeddings {output.embeddings:q} \
            2>{log:q}
        """


rule ground_predictions:
    """Rank all titles new to the user by their distance to the predicted title"""
    input:
        embeddings="results/<run>/{dataset}/{grounded}/{split}.embeddings.npy",
        predictions=lambda w: inputs.scores(config, w.grounded, w.split),
        titles="results/<run>/{dataset}/titles.npy",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        rows="results/<run>/{dataset}/samples/{split}.parquet",
    output:
        ranks="results/<run>/{dataset}/{grounded}/{split}.ranks.parquet",
    log:
        "results/<run>/logs/{dataset}/{grounded}/{split}.ground.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{grounded}/{split}.ground.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.ground(w.grounded),
        code=code_digest("ground_predictions"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/ground_predictions.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --embeddings {input.embeddings:q} \
            --titles {input.titles:q} \
            --catalogue {input.catalogue:q} \
            --interactions {input.interactions:q} \
            --rows {input.rows:q} \
            --predictions {input.predictions:q} \
            --ranks {output.ranks:q} \
            2>{log:q}
        """


rule evaluate_ranks:
    """Compute H@K and NG@K from ranks"""
    input:
        ranks="results/<run>/{result}.ranks.parquet",
    output:
        metrics="results/<run>/{result}.metrics.json",
    log:
        "results/<run>/logs/{result}.evaluate.log",
    benchmark:
        "results/<run>/benchmarks/{result}.evaluate.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.cutoffs(),
        code=code_digest("evaluate_ranks"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/evaluate_ranks.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ranks {input.ranks:q} \
            --metrics {output.metrics:q} \
            2>{log:q}
        """
