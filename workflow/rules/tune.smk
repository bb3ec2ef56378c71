# Tuning language models (paper, sections 2.2 and 3).
# Reads:  a base model, results/<run>/{dataset}/{catalogue,samples}; for SOFT the self-distilled data
# Writes: results/<run>/{dataset}/{backbone}/{sft,soft,soft-wo-sa}/: an adapter and a training log for each alpha and
#         seed; the alpha chosen on validation


rule tune_sft:
    """Tune on true titles (SFT)"""
    input:
        audit=inputs.audits("train", "valid"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
        valid="results/<run>/{dataset}/samples/valid.parquet",
        item_embeddings=inputs.item_embeddings,
    output:
        adapter=directory("results/<run>/{dataset}/{backbone}/sft/seed={seed}/adapter"),
        log="results/<run>/{dataset}/{backbone}/sft/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/{backbone}/sft/seed={seed}/tune.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/sft/seed={seed}/tune.tsv"
    priority: 10
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: to_json(slices.tuning(w.dataset, w.backbone, w.seed)),
        code=lambda w: code_digest("tune_sft", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/tune_sft.py \
            --engine "$SOFTREC_ENGINE" \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --item-embeddings {input.item_embeddings:q} \
            --adapter {output.adapter:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule generate_self_distilled:
    """Generate self-distilled data: the SFT model's titles for its own training prompts"""
    input:
        llm=lambda w: sources.base_llm(config, w.dataset),
        adapter="results/<run>/{dataset}/{backbone}/sft/seed={seed}/adapter",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        rows="results/<run>/{dataset}/samples/train.parquet",
    output:
        predictions="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.parquet",
        embeddings="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/{backbone}/sft/seed={seed}/generate_self_distilled.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/sft/seed={seed}/generate_self_distilled.tsv"
    priority: 10
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: slices.predict(w.dataset, w.backbone),
        code=lambda w: code_digest("predict_titles", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/predict_titles.py \
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


rule tune_soft:
    """Tune on true and self-distilled titles, weighted by tau (SOFT)"""
    input:
        audit=inputs.audits("train", "valid"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
        valid="results/<run>/{dataset}/samples/valid.parquet",
        item_embeddings=inputs.item_embeddings,
        self_distilled="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.parquet",
        initial_distance=inputs.initial_distance,
    output:
        adapter=directory(
            "results/<run>/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/adapter"
        ),
        log="results/<run>/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/tune.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/tune.tsv"
    priority: 5
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: slices.soft(w.dataset, w.backbone, w.seed, w.alpha),
        code=lambda w: code_digest("tune_soft", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/tune_soft.py \
            --engine "$SOFTREC_ENGINE" \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --item-embeddings {input.item_embeddings:q} \
            --self-distilled {input.self_distilled:q} \
            --initial-distance {input.initial_distance:q} \
            --adapter {output.adapter:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule tune_soft_wo_sa:
    """Tune on self-distilled titles only (SOFT w/o SA)"""
    input:
        audit=inputs.audits("train", "valid"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
        valid="results/<run>/{dataset}/samples/valid.parquet",
        item_embeddings=inputs.item_embeddings,
        self_distilled="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.parquet",
    output:
        adapter=directory("results/<run>/{dataset}/{backbone}/soft-wo-sa/seed={seed}/adapter"),
        log="results/<run>/{dataset}/{backbone}/soft-wo-sa/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/{backbone}/soft-wo-sa/seed={seed}/tune.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/soft-wo-sa/seed={seed}/tune.tsv"
    priority: 5
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: to_json(slices.tuning(w.dataset, w.backbone, w.seed)),
        code=lambda w: code_digest("tune_soft_wo_sa", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/tune_soft_wo_sa.py \
            --engine "$SOFTREC_ENGINE" \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --item-embeddings {input.item_embeddings:q} \
            --self-distilled {input.self_distilled:q} \
            --adapter {output.adapter:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule select_alpha:
    """Choose alpha on validation"""
    input:
        logs=lambda w: expand(
            "results/{run}/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/training.jsonl",
            run=RUN,
            dataset=w.dataset,
            backbone=w.backbone,
            alpha=config["soft"]["alphas"],
            seed=search.choosing_seeds(config),
        ),
    output:
        choice="results/<run>/{dataset}/{backbone}/soft/alpha.json",
    log:
        "results/<run>/logs/{dataset}/{backbone}/soft/select_alpha.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/soft/select_alpha.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.select_alpha(),
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
