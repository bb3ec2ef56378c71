# What a run has made, in use. No rule of this file is part of `all`.
# Reads:  results/<run>/{dataset}: adapters, models, ranks, title embeddings, training logs; the run's manifest and
#         tables; histories.jsonl, which you write
# Writes: beside each model: recommendations.jsonl, export/, test.top{k}.{run,qrels,tsv}; for the run: tensorboard/,
#         ro-crate/


rule recommend:
    """Recommend titles for the histories in histories.jsonl with a tuned LLM"""
    input:
        histories="results/<run>/{dataset}/histories.jsonl",
        llm=lambda w: sources.base_llm(config, w.dataset),
        adapter="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/adapter",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles="results/<run>/{dataset}/titles.npy",
    output:
        recommendations="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/recommendations.jsonl",
    log:
        "results/<run>/logs/{dataset}/{backbone}/{variant}/seed={seed}/recommend.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/{variant}/seed={seed}/recommend.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.recommend(w.dataset, w.backbone),
        code=lambda w: code_digest("recommend", f"softrec.llm.backbones.{w.backbone}"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/recommend.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --histories {input.histories:q} \
            --llm {input.llm:q} \
            --adapter {input.adapter:q} \
            --catalogue {input.catalogue:q} \
            --titles {input.titles:q} \
            --recommendations {output.recommendations:q} \
            2>{log:q}
        """


rule export_adapter:
    """Export an adapter as a folder that PEFT loads, with a model card"""
    input:
        llm=lambda w: sources.base_llm(config, w.dataset),
        adapter="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/adapter",
        training="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/training.jsonl",
        ranks="results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/test.ranks.parquet",
        counts="results/<run>/{dataset}/filter_counts.json",
    output:
        export=directory("results/<run>/{dataset}/{backbone}/{variant}/seed={seed}/export"),
    log:
        "results/<run>/logs/{dataset}/{backbone}/{variant}/seed={seed}/export.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{backbone}/{variant}/seed={seed}/export.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.export(w.dataset, f"{w.backbone}/{w.variant}/seed={w.seed}"),
        code=code_digest("export_adapter"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/export_adapter.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --llm {input.llm:q} \
            --adapter {input.adapter:q} \
            --training {input.training:q} \
            --ranks {input.ranks:q} \
            --counts {input.counts:q} \
            --export {output.export:q} \
            2>{log:q}
        """


rule list_top_grounded:
    """List the K titles nearest to each predicted title, as TREC run and qrels and as a table"""
    input:
        embeddings="results/<run>/{dataset}/{grounded}/test.embeddings.npy",
        predictions=lambda w: inputs.scores(config, w.grounded, "test"),
        titles="results/<run>/{dataset}/titles.npy",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        rows="results/<run>/{dataset}/samples/test.parquet",
        ranks="results/<run>/{dataset}/{grounded}/test.ranks.parquet",
    output:
        run="results/<run>/{dataset}/{grounded}/test.top{k}.run",
        qrels="results/<run>/{dataset}/{grounded}/test.top{k}.qrels",
        table="results/<run>/{dataset}/{grounded}/test.top{k}.tsv",
    log:
        "results/<run>/logs/{dataset}/{grounded}/test.top{k}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{grounded}/test.top{k}.tsv"
    wildcard_constraints:
        k=r"[1-9]\d*",
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.top_grounded(w.grounded, w.k),
        code=code_digest("list_top_grounded"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/list_top_grounded.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --embeddings {input.embeddings:q} \
            --predictions {input.predictions:q} \
            --titles {input.titles:q} \
            --catalogue {input.catalogue:q} \
            --interactions {input.interactions:q} \
            --rows {input.rows:q} \
            --ranks {input.ranks:q} \
            --run {output.run:q} \
            --qrels {output.qrels:q} \
            --table {output.table:q} \
            2>{log:q}
        """


rule list_top_sequential:
    """List the K titles with the highest scores of an ID-based recommender, as TREC run and qrels and as a table"""
    input:
        model="results/<run>/{dataset}/{sequential}/seed={seed}/model.safetensors",
        rows="results/<run>/{dataset}/samples/test.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        ranks="results/<run>/{dataset}/{sequential}/seed={seed}/test.ranks.parquet",
    output:
        run="results/<run>/{dataset}/{sequential}/seed={seed}/test.top{k}.run",
        qrels="results/<run>/{dataset}/{sequential}/seed={seed}/test.top{k}.qrels",
        table="results/<run>/{dataset}/{sequential}/seed={seed}/test.top{k}.tsv",
    log:
        "results/<run>/logs/{dataset}/{sequential}/seed={seed}/test.top{k}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{sequential}/seed={seed}/test.top{k}.tsv"
    wildcard_constraints:
        k=r"[1-9]\d*",
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.top_sequential(w.sequential, w.k),
        code=lambda w: code_digest(
            "list_top_sequential", f"softrec.sequential.{methods.network(w.sequential)}"
        ),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/list_top_sequential.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --model {input.model:q} \
            --rows {input.rows:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --ranks {input.ranks:q} \
            --run {output.run:q} \
            --qrels {output.qrels:q} \
            --table {output.table:q} \
            2>{log:q}
        """


ruleorder: list_top_llm_cf > list_top_sequential


rule list_top_llm_cf:
    """List the K titles with the highest scores of LLM-CF, as TREC run and qrels and as a table"""
    input:
        model="results/<run>/{dataset}/llm-cf/seed={seed}/model.safetensors",
        rows="results/<run>/{dataset}/samples/test.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        titles=inputs.text_titles(config),
        cot="results/<run>/{dataset}/llm-cf/cot.parquet",
        thoughts="results/<run>/{dataset}/llm-cf/cot.embeddings.npy",
        sample="results/<run>/{dataset}/samples/train.parquet",
        examples="results/<run>/{dataset}/llm-cf/test.examples.npy",
        ranks="results/<run>/{dataset}/llm-cf/seed={seed}/test.ranks.parquet",
    output:
        run="results/<run>/{dataset}/llm-cf/seed={seed}/test.top{k}.run",
        qrels="results/<run>/{dataset}/llm-cf/seed={seed}/test.top{k}.qrels",
        table="results/<run>/{dataset}/llm-cf/seed={seed}/test.top{k}.tsv",
    log:
        "results/<run>/logs/{dataset}/llm-cf/seed={seed}/test.top{k}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/llm-cf/seed={seed}/test.top{k}.tsv"
    wildcard_constraints:
        k=r"[1-9]\d*",
    conda:
        "../../envs/train.yaml"
    params:
        cfg=lambda w: slices.top_llm_cf(w.k),
        code=code_digest("list_top_llm_cf"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/list_top_llm_cf.py \
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
            --ranks {input.ranks:q} \
            --run {output.run:q} \
            --qrels {output.qrels:q} \
            --table {output.table:q} \
            2>{log:q}
        """
