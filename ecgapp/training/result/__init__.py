"""The trained model with its card, and example records that the Training page draws."""
