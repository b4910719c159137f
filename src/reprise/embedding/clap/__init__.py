"""A small three-way CLAP: its towers, trained on clips, their notes and captions whose truth is computed."""
