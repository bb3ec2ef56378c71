# Models over item ids (paper, section 4.1, traditional recommenders).
# Needs: the whole train split, validation sequences, interactions for masks.
# Gives: per seed one model, its L2 (SASRec) or alpha (DROS) chosen on validation, and its ranks on the test sample.


rule fit_sasrec:
    """Train SASRec with one candidate of L2"""
    input:
        audit="results/<run>/{dataset}/split_audit.json",
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid=f"results/<run>/{{dataset}}/{SASREC_VALID}/valid.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        model="results/<run>/{dataset}/sasrec/l2={l2}/seed={seed}/model.safetensors",
        log="results/<run>/{dataset}/sasrec/l2={l2}/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/sasrec/l2={l2}/seed={seed}/fit.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/sasrec/l2={l2}/seed={seed}/fit.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.fit_sasrec(w.l2, w.seed),
        code=code_digest("fit_sasrec"),
    shell:
        r"""
        python scripts/fit_sasrec.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --model {output.model:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule choose_l2:
    """Choose SASRec's L2 on validation"""
    input:
        logs=lambda w: expand(
            "results/{run}/{dataset}/sasrec/l2={l2}/seed={seed}/training.jsonl",
            run=RUN,
            dataset=w.dataset,
            l2=config["sasrec"]["l2"],
            seed=config["seeds"],
        ),
    output:
        choice="results/<run>/{dataset}/sasrec/l2.json",
    log:
        "results/<run>/logs/{dataset}/sasrec/choose_l2.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/sasrec/choose_l2.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.choice("l2", config["sasrec"]["l2"], [config["sasrec"]["metric"]]),
        code=code_digest("choose_setting"),
    shell:
        r"""
        python scripts/choose_setting.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --choice {output.choice:q} \
            2>{log:q}
        """


rule adopt_sasrec:
    """Take over the SASRec of the chosen L2"""
    input:
        choice="results/<run>/{dataset}/sasrec/l2.json",
        models=lambda w: expand(
            "results/{run}/{dataset}/sasrec/l2={l2}/seed={seed}/model.safetensors",
            run=RUN,
            dataset=w.dataset,
            l2=config["sasrec"]["l2"],
            seed=w.seed,
        ),
    output:
        model="results/<run>/{dataset}/sasrec/seed={seed}/model.safetensors",
    log:
        "results/<run>/logs/{dataset}/sasrec/seed={seed}/adopt.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/sasrec/seed={seed}/adopt.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.adopt("l2", config["sasrec"]["l2"]),
        code=code_digest("adopt_chosen"),
    shell:
        r"""
        python scripts/adopt_chosen.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --choice {input.choice:q} \
            --models {input.models:q} \
            --model {output.model:q} \
            2>{log:q}
        """


rule fit_dros:
    """Train DROS with one candidate of alpha, with SASRec's L2"""
    input:
        audit="results/<run>/{dataset}/split_audit.json",
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid=f"results/<run>/{{dataset}}/{SASREC_VALID}/valid.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        l2="results/<run>/{dataset}/sasrec/l2.json",
    output:
        model="results/<run>/{dataset}/dros/alpha={alpha}/seed={seed}/model.safetensors",
        log="results/<run>/{dataset}/dros/alpha={alpha}/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/dros/alpha={alpha}/seed={seed}/fit.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/dros/alpha={alpha}/seed={seed}/fit.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.fit_dros(w.alpha, w.seed),
        code=code_digest("fit_dros"),
    shell:
        r"""
        python scripts/fit_dros.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --l2 {input.l2:q} \
            --model {output.model:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule choose_dros_alpha:
    """Choose DROS's alpha on validation"""
    input:
        logs=lambda w: expand(
            "results/{run}/{dataset}/dros/alpha={alpha}/seed={seed}/training.jsonl",
            run=RUN,
            dataset=w.dataset,
            alpha=config["dros"]["alphas"],
            seed=config["seeds"],
        ),
    output:
        choice="results/<run>/{dataset}/dros/alpha.json",
    log:
        "results/<run>/logs/{dataset}/dros/choose_alpha.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/dros/choose_alpha.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.choice("alpha", config["dros"]["alphas"], [config["sasrec"]["metric"]]),
        code=code_digest("choose_setting"),
    shell:
        r"""
        python scripts/choose_setting.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --logs {input.logs:q} \
            --choice {output.choice:q} \
            2>{log:q}
        """


rule adopt_dros:
    """Take over the DROS of the chosen alpha"""
    input:
        choice="results/<run>/{dataset}/dros/alpha.json",
        models=lambda w: expand(
            "results/{run}/{dataset}/dros/alpha={alpha}/seed={seed}/model.safetensors",
            run=RUN,
            dataset=w.dataset,
            alpha=config["dros"]["alphas"],
            seed=w.seed,
        ),
    output:
        model="results/<run>/{dataset}/dros/seed={seed}/model.safetensors",
    log:
        "results/<run>/logs/{dataset}/dros/seed={seed}/adopt.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/dros/seed={seed}/adopt.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.adopt("alpha", config["dros"]["alphas"]),
        code=code_digest("adopt_chosen"),
    shell:
        r"""
        python scripts/adopt_chosen.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --choice {input.choice:q} \
            --models {input.models:q} \
            --model {output.model:q} \
            2>{log:q}
        """


rule rank_sequential:
    """Rank all items a user has not had by the scores of a model over item ids"""
    input:
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
        cfg=slices.rank_sequential(),
        code=code_digest("rank_sequential"),
    shell:
        r"""
        python scripts/rank_sequential.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --model {input.model:q} \
            --rows {input.rows:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --ranks {output.ranks:q} \
            2>{log:q}
        """
