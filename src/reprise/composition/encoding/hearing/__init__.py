"""What a model is told of the music so far, beside the events themselves: each module follows one thing that an ear
notices by itself, and a network of this size doesn't.
"""
