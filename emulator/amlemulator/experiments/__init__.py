"""Module graphs that really train and score, and the model file format."""
