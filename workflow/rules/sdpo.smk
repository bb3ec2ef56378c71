# Softmax-DPO on top of SFT (paper, section 4.1, SDPO).
# Reads:  the inputs of SFT, and the SFT adapter
# Writes: results/<run>/{dataset}/{backbone}/sdpo/seed={seed}/: an adapter and a training log


rule tune_sdpo:
    """Tune the SFT model to prefer true titles to random ones"""
    input:
        audit=inputs.audits("train", "valid"),
        llm=lambda w: sources.base_llm(config, w.dataset),
        start="results/<run>/{dataset}/{backbone}/sft/seed={seed}/adapter",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/samples/train.parquet",
        valid="results/<run>/{dataset}/samples/valid.parquet",
    output:
        adapter=directory("results/<run>/{dataset}/{backbone}/sdpo/seed={seed}/adapter"),
        log="results/<run>/{dataset}/{backbone}/sdpo/seed={seed}/training.jsonl",
    log:
        "results/<run>/logs/{dataset}/{backbone}/sdpo/seed={seed}/tune.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/sdpo/seed={seed}/tune.tsv"
    priority: 5
    conda:
        "../../envs/train.yaml"
    resources:
        **engine.resources,
    params:
        cfg=lambda w: slices.sdpo(w.dataset, w.backbone, w.seed),
        code=lambda w: code_digest("tune_sdpo", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        $SOFTREC_LAUNCH "$SOFTREC_SCRIPTS"/tune_sdpo.py \
            --engine "$SOFTREC_ENGINE" \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --start {input.start:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --adapter {output.adapter:q} \
            --log {output.log:q} \
            2>{log:q}
        """
