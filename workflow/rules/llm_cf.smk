# LLM-CF (paper, section 4.1): SASRec that also reads an LLM's chains of thought about earlier decisions.
# Reads:  results/raw/llms/*, results/<run>/{dataset}/{catalogue,interactions,sequences,samples}
# Writes: results/<run>/{dataset}/llm-cf/: chains of thought and in-context examples, shared by all seeds; for each
#         seed a model and its ranks on the test sample


# LLM-CF needs extra inputs, so its own ranking rule takes precedence.
ruleorder: rank_llm_cf > rank_sequential


rule generate_cot:
    """Generate chains of thought about known decisions with the un-tuned LLM"""
    input:
        audit=inputs.audits("train"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
    output:
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
    log:
        "results/<run>/logs/{dataset}/llm-cf/generate_cot.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/generate_cot.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.cot(w.dataset),
        code=code_digest("generate_cot", "softrec.llm.backbones.plain"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/generate_cot.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --cot {output.cot:q} \
            2>{log:q}
        """


rule encode_cot:
    """Embed the chains of thought"""
    input:
        llm=lambda w: sources.text_encoder(config, w.dataset),
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
    output:
        embeddings="results/<run>/{dataset}/llm-cf/cot.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/llm-cf/encode_cot.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/encode_cot.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.text_encoder(w.dataset),
        code=code_digest("encode_cot", "softrec.llm.backbones.plain"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/encode_cot.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --cot {input.cot:q} \
            --embeddings {output.embeddings:q} \
            2>{log:q}
        """


rule encode_titles_for_llm_cf:
    """Embed every distinct title with a text encoder other than the base LLM"""
    input:
        llm=lambda w: sources.text_encoder(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        titles="results/<run>/{dataset}/llm-cf/titles.npy",
    log:
        "results/<run>/logs/{dataset}/llm-cf/encode_titles.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/encode_titles.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.text_encoder(w.dataset),
        code=code_digest("encode_titles", "softrec.llm.backbones.plain"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/encode_titles.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --titles {output.titles:q} \
            2>{log:q}
        """


rule retrieve_examples:
    """Retrieve in-context examples for each row of a split"""
    input:
        audit=lambda w: inputs.audits_of_queries(w, SASREC_VALID),
        rows=lambda w: inputs.queries(w, SASREC_VALID),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles=inputs.text_titles(config),
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
        sample="results/<run>/{dataset}/samples/train.parquet",
    output:
        examples="results/<run>/{dataset}/llm-cf/{split}.examples.npy",
    log:
        "results/<run>/logs/{dataset}/llm-cf/retrieve_{split}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/retrieve_{split}.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=slices.retrieve_examples(),
        code=code_digest("retrieve_examples"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/retrieve_examples.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --rows {input.rows:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --cot {input.cot:q} \
            --sample {input.sample:q} \
            --examples {output.examples:q} \
            2>{log:q}
        """


rule fit_llm_cf:
    """Train LLM-CF on in-context examples and chains of thought, for one candidate of L2 or the chosen L2"""
    input:
        audit=inputs.audits("train", *VALID_SAMPLE),
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid=f"results/<run>/{{dataset}}/{SASREC_VALID}/valid.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles=inputs.text_titles(config),
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
        thoughts="results/<run>/{dataset}/llm-cf/cot.embeddings.npy",
        sample="results/<run>/{dataset}/samples/train.parquet",
        train_examples="results/<run>/{dataset}/llm-cf/train.examples.npy",
        valid_examples="results/<run>/{dataset}/llm-cf/valid.examples.npy",
        choice=lambda w: search.choice("llm-cf", w),
    output:
        model="results/<run>/{dataset}/llm-cf/{training}/model.safetensors",
        log="results/<run>/{dataset}/llm-cf/{training}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/llm-cf/{training}/fit.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/{training}/fit.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.fit_llm_cf(w.training),
        code=code_digest("fit_llm_cf"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/fit_llm_cf.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --cot {input.cot:q} \
            --thoughts {input.thoughts:q} \
            --sample {input.sample:q} \
            --train-examples {input.train_examples:q} \
            --valid-examples {input.valid_examples:q} \
            --choice {input.choice:q} \
            --model {output.model:q} \
            --log {output.log:q} \
            2>{log:q}
        """


rule rank_llm_cf:
    """Rank the titles of all items new to the user by LLM-CF's scores"""
    input:
        audit="results/<run>/{dataset}/samples/test_audit.json",
        model="results/<run>/{dataset}/llm-cf/seed={seed}/model.safetensors",
        rows="results/<run>/{dataset}/samples/test.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles=inputs.text_titles(config),
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
        thoughts="results/<run>/{dataset}/llm-cf/cot.embeddings.npy",
        sample="results/<run>/{dataset}/samples/train.parquet",
        examples="results/<run>/{dataset}/llm-cf/test.examples.npy",
    output:
        ranks="results/<run>/{dataset}/llm-cf/seed={seed}/test.ranks.parquet",
    log:
        "results/<run>/logs/{dataset}/llm-cf/seed={seed}/rank.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/seed={seed}/rank.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=slices.rank_llm_cf(),
        code=code_digest("rank_llm_cf"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/rank_llm_cf.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --model {input.model:q} \
            --rows {input.rows:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --cot {input.cot:q} \
            --thoughts {input.thoughts:q} \
            --sample {input.sample:q} \
            --examples {input.examples:q} \
            --ranks {output.ranks:q} \
            2>{log:q}
        """
