"""Sound: fonts, rendering with FluidSynth, spectrograms, audio files."""
