"""LAION-CLAP (Wu et al., ICASSP 2023) as an embedder: from transformers' folders, a hub, or LAION's own checkpoints."""
