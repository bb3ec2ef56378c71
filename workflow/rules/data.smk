# From raw reviews to sampled sequences.
# Reads:  results/raw/{wheels,amazon2023}/*, or the user's own files
# Writes: results/<run>/{dataset}/: interactions, catalogue, sequences, samples, and leakage audits


rule filter_interactions:
    """Drop untitled items and duplicates, then filter to the 10-core"""
    input:
        ratings=lambda w: sources.dataset_files(config, w.dataset)["ratings"],
        metadata=lambda w: sources.dataset_files(config, w.dataset).get("metadata", []),
    output:
        interactions="results/<run>/{dataset}/interactions.parquet",
        catalogue="results/<run>/{dataset}/catalogue.parquet",
        counts="results/<run>/{dataset}/filter_counts.json",
    log:
        "results/<run>/logs/{dataset}/filter_interactions.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/filter_interactions.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.filter(w.dataset),
        code=code_digest("filter_interactions"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/filter_interactions.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --ratings {input.ratings:q} \
            --metadata {input.metadata:q} \
            --interactions {output.interactions:q} \
            --catalogue {output.catalogue:q} \
            --counts {output.counts:q} \
            2>{log:q}
        """


rule split_sequences:
    """Cut each user's items into windows, and split all windows 8:1:1 by time"""
    input:
        interactions="results/<run>/{dataset}/interactions.parquet",
    output:
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid="results/<run>/{dataset}/sequences/valid.parquet",
        test="results/<run>/{dataset}/sequences/test.parquet",
    log:
        "results/<run>/logs/{dataset}/split_sequences.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/split_sequences.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.split(),
        code=code_digest("split_sequences"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/split_sequences.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --interactions {input.interactions:q} \
            --train {output.train:q} \
            --valid {output.valid:q} \
            --test {output.test:q} \
            2>{log:q}
        """


rule sample_sequences:
    """Sample the rows on which language models are tuned, validated or tested"""
    input:
        sequences="results/<run>/{dataset}/sequences/{split}.parquet",
    output:
        sample="results/<run>/{dataset}/samples/{split}.parquet",
    log:
        "results/<run>/logs/{dataset}/sample_sequences.{split}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/sample_sequences.{split}.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.sample(w.dataset, w.split),
        code=code_digest("sample_sequences"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/sample_sequences.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --sequences {input.sequences:q} \
            --sample {output.sample:q} \
            2>{log:q}
        """


rule audit_split:
    """Check that no split contains data of a later one (leakage audit)"""
    input:
        interactions="results/<run>/{dataset}/interactions.parquet",
        train="results/<run>/{dataset}/sequences/train.parquet",
        valid="results/<run>/{dataset}/sequences/valid.parquet",
        test="results/<run>/{dataset}/sequences/test.parquet",
    output:
        audit="results/<run>/{dataset}/split_audit.json",
    log:
        "results/<run>/logs/{dataset}/audit_split.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/audit_split.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=slices.audit(),
        code=code_digest("audit_split"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/audit_split.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --interactions {input.interactions:q} \
            --train {input.train:q} \
            --valid {input.valid:q} \
            --test {input.test:q} \
            --audit {output.audit:q} \
            2>{log:q}
        """


rule audit_sample:
    """Check that a sample contains only rows of its split, each once"""
    input:
        sequences="results/<run>/{dataset}/sequences/{split}.parquet",
        sample="results/<run>/{dataset}/samples/{split}.parquet",
    output:
        audit="results/<run>/{dataset}/samples/{split}_audit.json",
    log:
        "results/<run>/logs/{dataset}/audit_sample.{split}.log",
    benchmark:
        "results/<run>/benchmarks/{dataset}/audit_sample.{split}.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        cfg=lambda w: slices.audit_sample(w.split),
        code=code_digest("audit_sample"),
    shell:
        r"""
        python "$SOFTREC_SCRIPTS"/audit_sample.py \
            --settings {params.cfg:q} \
            --code {params.code:q} \
            --sequences {input.sequences:q} \
            --sample {input.sample:q} \
            --audit {output.audit:q} \
            2>{log:q}
        """
