# ID-based sequential recommenders that read only items, by the registry (paper, section 4.1, traditional recommenders).
# Reads:  results/<run>/{dataset}/{sequences,samples,interactions.parquet,catalogue.parquet}
# Writes: results/<run>/{dataset}/{sasrec,dros,...}/: for each seed a model and its ranks on the test sample. L2 (for
#         DROS alpha) is chosen on validation among the tuning seed's candidates; other seeds use the chosen one


for row in methods.fitted():
    folder, rows = row.folder, row.fit.rows
    drawn = ["train"] if rows == "samples" else []

    rule:
        """Train an ID-based recommender that reads only items, with a candidate or the chosen hyperparameter"""
        name:
            f"fit_{row.rule}"
        input:
            audit=inputs.audits(*drawn, *VALID_SAMPLE),
            train=f"results/<run>/{{dataset}}/{rows}/train.parquet",
            valid=f"results/<run>/{{dataset}}/{SASREC_VALID}/valid.parquet",
            interactions="results/<run>/{dataset}/interactions.parquet",
            catalogue="results/<run>/{dataset}/catalogue.parquet",
            choice=lambda w, row=row: search.choice(row.folder, w),
            l2=[] if row.search.setting == "l2" else ["results/<run>/{dataset}/sasrec/l2.json"],
        output:
            model=f"results/<run>/{{dataset}}/{folder}/{{training}}/model.safetensors",
            log=f"results/<run>/{{dataset}}/{folder}/{{training}}/training.jsonl",
        log:
            f"results/<run>/logs/{{dataset}}/{folder}/{{training}}/fit.log",
        benchmark:
            f"results/<run>/benchmarks/{{dataset}}/{folder}/{{training}}/fit.tsv"
        conda:
            "../../envs/train.yaml"
        params:
            cfg=lambda w, row=row: slices.fit_sequential(row, w.training),
            code=code_digest("fit_sequential", *row.fit.modules),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/fit_sequential.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --train {input.train:q} \
                --valid {input.valid:q} \
                --interactions {input.interactions:q} \
                --catalogue {input.catalogue:q} \
                --choice {input.choice:q} \
                --l2 {input.l2:q} \
                --model {output.model:q} \
                --log {output.log:q} \
                2>{log:q}
            """


rule select_hyperparameter:
    """Choose the L2 or alpha of an ID-based recommender on validation"""
    input:
        logs=lambda w: [
            f"results/{RUN}/{folder}/training.jsonl"
            for folder in search.candidate_folders(config, w.dataset, w.searched)
        ],
    output:
        choice="results/<run>/{dataset}/{searched}/{setting}.json",
    log:
        "results/<run>/logs/{dataset}/{searched}/select_{setting}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{searched}/select_{setting}.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.select_hyperparameter(w.searched),
        code=code_digest("select_hyperparameter"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/select_hyperparameter.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --choice {output.choice:q} \
            2>{log:q}
        """


rule copy_selected_model:
    """Copy the tuning seed's model with the chosen L2 or alpha"""
    input:
        choice=lambda w: f"results/<run>/{{dataset}}/{{searched}}/{search.SEARCHES[w.searched].setting}.json",
        models=lambda w: [
            f"results/{RUN}/{folder}/model.safetensors"
            for folder in search.candidate_folders(config, w.dataset, w.searched)
        ],
    output:
        model=f"results/<run>/{{dataset}}/{{searched}}/seed={config['tuning_seed']}/model.safetensors",
    log:
        f"results/<run>/logs/{{dataset}}/{{searched}}/seed={config['tuning_seed']}/copy.log",
    benchmark:
        f"results/<run>/benchmarks/{{dataset}}/{{searched}}/seed={config['tuning_seed']}/copy.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.copy_selected_model(w.searched),
        code=code_digest("copy_selected_model"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/copy_selected_model.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --choice {input.choice:q} \
            --models {input.models:q} \
            --model {output.model:q} \
            2>{log:q}
        """


rule rank_sequential:
    """Rank the titles of all items new to the user by the scores of an ID-based recommender"""
    input:
        audit="results/<run>/{dataset}/samples/test_audit.json",
        model="results/<run>/{dataset}/{sequential}/seed={seed}/model.safetensors",
        rows="results/<run>/{dataset}/samples/test.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        ranks="results/<run>/{dataset}/{sequential}/seed={seed}/test.ranks.parquet",
    log:
        "results/<run>/logs/{dataset}/{sequential}/seed={seed}/rank.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{sequential}/seed={seed}/rank.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.rank_sequential(w.sequential),
        code=lambda w: code_digest(
            "rank_sequential", f"softrec.sequential.{methods.network(w.sequential)}"
        ),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/rank_sequential.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --model {input.model:q} \
            --rows {input.rows:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --ranks {output.ranks:q} \
            2>{log:q}
        """
