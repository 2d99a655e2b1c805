"""The score of the PhysioNet/CinC Challenge 2021, and which labels of a task it counts."""
