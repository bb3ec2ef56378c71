# The un-tuned language model, queried once for all methods and seeds (paper, sections 2.2 and 3.2).
# Reads:  results/raw/llms/* (the demo pre-trains its own), results/<run>/{dataset}/{catalogue,samples}
# Writes: results/<run>/{dataset}/titles.npy, the title embeddings for grounding, and initial_distance.json, d_0


rule pretrain_tiny_llm:
    """Pre-train the demo's base model on the text of the catalogue"""
    input:
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        llm=directory("results/<run>/{dataset}/llm"),
    log:
        "results/<run>/logs/{dataset}/pretrain_tiny_llm.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/pretrain_tiny_llm.tsv"
    priority: 20
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.tiny_llm(w.dataset),
        code=code_digest("pretrain_tiny_llm"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/pretrain_tiny_llm.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --catalogue {input.catalogue:q} \
            --llm {output.llm:q} \
            2>{log:q}
        """


rule encode_titles:
    """Embed every distinct title with the un-tuned LLM"""
    input:
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        titles="results/<run>/{dataset}/titles.npy",
    log:
        "results/<run>/logs/{dataset}/encode_titles.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/encode_titles.tsv"
    priority: 20
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.titles(w.dataset),
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


rule measure_initial_distance:
    """Measure d_0, the distance of the un-tuned LLM's titles to the true titles"""
    input:
        audit=inputs.audits("train"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
    output:
        distance="results/<run>/{dataset}/bigrec/initial_distance.json",
    log:
        "results/<run>/logs/{dataset}/bigrec/measure_initial_distance.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/bigrec/measure_initial_distance.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.initial_distance(w.dataset, "bigrec", "0"),
        code=code_digest("measure_initial_distance", "softrec.llm.backbones.bigrec"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/measure_initial_distance.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --train {input.train:q} \
            --distance {output.distance:q} \
            2>{log:q}
        """


rule measure_initial_distance_llara:
    """Measure d_0 of LLaRA, which differs by seed because its projector is seeded"""
    input:
        audit=inputs.audits("train"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
        item_embeddings="results/<run>/{dataset}/sasrec/seed={seed}/model.safetensors",
    output:
        distance="results/<run>/{dataset}/llara/seed={seed}/initial_distance.json",
    log:
        "results/<run>/logs/{dataset}/llara/seed={seed}/measure_initial_distance.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llara/seed={seed}/measure_initial_distance.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.initial_distance(w.dataset, "llara", w.seed),
        code=code_digest("measure_initial_distance", "softrec.llm.backbones.llara"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/measure_initial_distance.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --catalogue {input.catalogue:q} \
            --train {input.train:q} \
            --item-embeddings {input.item_embeddings:q} \
            --distance {output.distance:q} \
            2>{log:q}
        """
