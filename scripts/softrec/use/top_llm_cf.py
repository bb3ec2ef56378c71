"""Settings of the lists of LLM-CF's first titles."""

from dataclasses import dataclass

from softrec.llm_enhanced.llm_cf import LlmCfRankSettings


@dataclass(frozen=True)
class TopLlmCfSettings(LlmCfRankSettings):
    """Settings of the ranking by LLM-CF, and the number of titles to list, k."""

    k: int
