# Tuning language models by the registry's strategies, such as SFT, S-DPO and SOFT (paper, sections 2.2, 3 and 4.1).
# Reads:  a base model, results/<run>/{dataset}/{catalogue,samples}; for SOFT the self-distilled data
# Writes: results/<run>/{dataset}/{backbone}/{sft,sdpo,soft,soft-wo-sa,...}/: an adapter and a training log for each
#         candidate and seed; the candidate chosen on validation


for strategy, how in methods.TUNED.items():
    runs, reads = methods.runs_of(strategy), inputs.of_strategy(config, how)

    rule:
        """Tune a language model by a strategy"""
        name:
            f"tune_{how.module}"
        input:
            audit=inputs.audits("train", "valid"),
            llm=lambda w: sources.base_llm(config, w.dataset),
            catalogue="results/<run>/{dataset}/catalogue.parquet",
            titles="results/<run>/{dataset}/titles.npy",
            interactions="results/<run>/{dataset}/interactions.parquet",
            train="results/<run>/{dataset}/samples/train.parquet",
            valid="results/<run>/{dataset}/samples/valid.parquet",
            start=reads["start"],
            item_embeddings=reads["item_embeddings"],
            self_distilled=reads["self_distilled"],
            embeddings=reads["embeddings"],
            initial_distance=reads["initial_distance"],
            sft_log=reads["sft_log"],
            soft_logs=reads["soft_logs"],
            soft_choice=reads["soft_choice"],
        output:
            adapter=directory(f"results/<run>/{{dataset}}/{{backbone}}/{runs}/adapter"),
            log=f"results/<run>/{{dataset}}/{{backbone}}/{runs}/training.jsonl",
        log:
            f"results/<run>/logs/{{dataset}}/{{backbone}}/{runs}/tune.log",
        benchmark:
            f"results/<run>/benchmarks/{{dataset}}/{{backbone}}/{runs}/tune.tsv"
        priority: 10 if strategy == "sft" else 5
        conda:
            "../../envs/train.yaml"
        resources:
            **engine.resources,
        params:
            cfg=lambda w, strategy=strategy, how=how: slices.tune(
                strategy, w.dataset, w.backbone, w.seed, w.get(how.setting)
            ),
            code=lambda w, how=how: code_digest("tune_llm", *how.modules(w.backbone)),
        shell:
            r"""
            $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/tune_llm.py \
                --engine "$SOFTREC_ENGINE" \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --llm {input.llm:q} \
                --catalogue {input.catalogue:q} \
                --titles {input.titles:q} \
                --interactions {input.interactions:q} \
                --train {input.train:q} \
                --valid {input.valid:q} \
                --start {input.start:q} \
                --item-embeddings {input.item_embeddings:q} \
                --self-distilled {input.self_distilled:q} \
                --embeddings {input.embeddings:q} \
                --initial-distance {input.initial_distance:q} \
                --sft-log {input.sft_log:q} \
                --soft-logs {input.soft_logs:q} \
                --soft-choice {input.soft_choice:q} \
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
        cfg=lambda w: slices.self_distil(w.dataset, w.backbone),
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


rule select_alpha:
    """Choose alpha, or another candidate of a tuned row, on validation"""
    input:
        logs=lambda w: [
            f"results/{RUN}/{w.dataset}/{row.folder}/{w.chosen}={value}/seed={seed}/training.jsonl"
            for row in [methods.BY_KEY[f"{w.backbone}-{w.tuned}"]]
            for value in grid.candidates(config, row)
            for seed in search.choosing_seeds(config)
        ],
    output:
        choice="results/<run>/{dataset}/{backbone}/{tuned}/{chosen}.json",
    log:
        "results/<run>/logs/{dataset}/{backbone}/{tuned}/select_{chosen}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/{tuned}/select_{chosen}.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.select_candidate(methods.BY_KEY[f"{w.backbone}-{w.tuned}"]),
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
