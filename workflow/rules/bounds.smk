# Rows without training that bound what a language model adds (docs/controls.md).
# Reads:  results/<run>/{dataset}/{sequences/train.parquet,samples,interactions.parquet,catalogue.parquet,titles.npy}
# Writes: results/<run>/{dataset}/popularity/: ranks by counts of training interactions;
#         results/<run>/{dataset}/{nearest-last,nearest-mean}/: embeddings that rank.smk grounds like generated titles


rule rank_popularity:
    """Rank the titles of all items new to the user by counts of training interactions"""
    input:
        audit=inputs.audits("test"),
        train="results/<run>/{dataset}/sequences/train.parquet",
        rows="results/<run>/{dataset}/samples/test.parquet",
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
    output:
        ranks="results/<run>/{dataset}/popularity/test.ranks.parquet",
    log:
        "results/<run>/logs/{dataset}/popularity/rank.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/popularity/rank.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=to_json(slices.ranking()),
        code=code_digest("rank_popularity"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/rank_popularity.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --train {input.train:q} \
            --rows {input.rows:q} \
            --interactions {input.interactions:q} \
            --catalogue {input.catalogue:q} \
            --ranks {output.ranks:q} \
            2>{log:q}
        """


rule embed_histories:
    """Take embeddings of titles of the history in the place of a predicted title's"""
    input:
        audit="results/<run>/{dataset}/samples/{split}_audit.json",
        titles="results/<run>/{dataset}/titles.npy",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        rows="results/<run>/{dataset}/samples/{split}.parquet",
    output:
        embeddings="results/<run>/{dataset}/{untrained}/{split}.embeddings.npy",
    log:
        "results/<run>/logs/{dataset}/{untrained}/{split}.embed.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/{untrained}/{split}.embed.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.embed_histories(w.untrained),
        code=code_digest("embed_histories"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/embed_histories.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --titles {input.titles:q} \
            --catalogue {input.catalogue:q} \
            --rows {input.rows:q} \
            --embeddings {output.embeddings:q} \
            2>{log:q}
        """
