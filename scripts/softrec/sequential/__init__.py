"""ID-based sequential recommenders: SASRec and DROS."""
