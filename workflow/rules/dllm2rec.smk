# DLLM2Rec (paper, section 4.1, LLM-enhanced recommenders): SASRec distilled from the SFT model's answers.
# Reads:  results/<run>/{dataset}/{catalogue,interactions,sequences,samples}, the answers of bigrec/sft/seed=*
# Writes: results/<run>/{dataset}/dllm2rec/: per seed a model, ranked like every ID-based recommender


rule predict_training_titles:
    """Let BIGRec tuned by SFT answer every training row, where DLLM2Rec's teacher is to"""
    input:
        llm=lambda w: sources.base_llm(config, w.dataset),
        adapter="results/<run>/{dataset}/bigrec/sft/seed={seed}/adapter",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        rows="results/<run>/{dataset}/sequences/train.parquet",
    output:
        predictions="results/<run>/{dataset}/bigrec/sft/seed={seed}/teacher.parquet",
        embeddings="results/<run>/{dataset}/bigrec/sft/seed={seed}/teacher.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/bigrec/sft/seed={seed}/predict_training.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/bigrec/sft/seed={seed}/predict_training.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: slices.predict(w.dataset, "bigrec"),
        code=code_digest("predict_titles", "softrec.llm.backbones.bigrec"),
    shell:
        r"""
        $SOFTREC_LAUNCH scripts/predict_titles.py \
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


rule find_nearest_items:
    """Ground the teacher's answers: the items nearest to each of them"""
    input:
        embeddings=inputs.teacher_embeddings(config),
        titles="results/<run>/{dataset}/titles.npy",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        rows=inputs.taught_rows(config),
    output:
        nearest="results/<run>/{dataset}/bigrec/sft/seed={seed}/teacher.nearest.parquet",
    log:
        "results/<run>/logs/{dataset}/bigrec/sft/seed={seed}/nearest.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/bigrec/sft/seed={seed}/nearest.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.nearest_items(),
        code=code_digest("find_nearest_items"),
    shell:
        r"""
        python scripts/find_nearest_items.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --embeddings {input.embeddings:q} \
            --titles {input.titles:q} \
            --catalogue {input.catalogue:q} \
            --interactions {input.interactions:q} \
            --rows {input.rows:q} \
            --nearest {output.nearest:q} \
            2>{log:q}
        """


rule fit_dllm2rec:
    """Train DLLM2Rec on what BIGRec tuned by SFT says: a candidate of L2, or with the chosen one"""
    input:
        audit=inputs.audits(*VALID_SAMPLE),
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid=f"results/<run>/{{dataset}}/{SASREC_VALID}/valid.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
        sample=inputs.taught_rows(config),
        nearest=lambda w: f"results/<run>/{{dataset}}/bigrec/sft/seed={search.seed_of(w)}/teacher.nearest.parquet",
        choice=lambda w: search.choice("dllm2rec", w),
    output:
        model="results/<run>/{dataset}/dllm2rec/{training}/model.safetensors",
        log="results/<run>/{dataset}/dllm2rec/{training}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/dllm2rec/{training}/fit.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/dllm2rec/{training}/fit.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.fit_dllm2rec(w.training),
        code=code_digest("fit_dllm2rec"),
    shell:
        r"""
        python scripts/fit_dllm2rec.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --sample {input.sample:q} \
            --nearest {input.nearest:q} \
            --choice {input.choice:q} \
            --model {output.model:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule describe_self_distilled:
    """What self-distilled titles hit on their own training rows"""
    input:
        embeddings="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.embeddings.npy",
        titles="results/<run>/{dataset}/titles.npy",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        rows="results/<run>/{dataset}/samples/train.parquet",
    output:
        metrics="results/<run>/{dataset}/{backbone}/sft/seed={seed}/self_distilled.metrics.json",
    log:
        "results/<run>/logs/{dataset}/{backbone}/sft/seed={seed}/describe.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/sft/seed={seed}/describe.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.unmasked(),
        code=code_digest("describe_self_distilled"),
    shell:
        r"""
        python scripts/describe_self_distilled.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --embeddings {input.embeddings:q} \
            --titles {input.titles:q} \
            --catalogue {input.catalogue:q} \
            --interactions {input.interactions:q} \
            --rows {input.rows:q} \
            --metrics {output.metrics:q} \
            2>{log:q}
        """
