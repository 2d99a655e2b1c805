"""The names under which a training's numbers are kept: its process writes them, pages read them.

By epoch, from 1, if not said otherwise. An ensemble's members follow one another.
"""

TRAIN_LOSS = "train/loss"
VALIDATION_LOSS = "validation/loss"
CONSTANT_LOSS = "validation/constant_loss"  # of the best answer that is the same for every record
F1 = "validation/f1_macro"
F1_OF_LABEL = "validation/f1/"  # and the label's name
PREDICTED_OF_LABEL = "validation/predicted/"  # and the label's name: how many records got it
POSITIVES_OF_LABEL = "validation/positives/"  # and the label's name: how many records have it
F1_OF_MEMBER = "validation/f1_of_member/"  # and the member's number, from 1, among those that learn together
AUROC = "validation/auroc"
EPOCH_SECONDS = "progress/epoch_seconds"

STEP_LOSS = "train/step_loss"  # these four by step, from 1
LEARNING_RATE = "learning_rate"
GRADIENT_NORM = "gradient_norm"
THROUGHPUT = "throughput"  # windows a second

CPU_PERCENT = "device/cpu_percent"  # these by seconds since the run's first start; of the whole machine
MEMORY = "device/memory_mb"
GPU_MEMORY = "device/gpu_memory_mb"
GPU_PERCENT = "device/gpu_percent"
SECONDS_LEFT = "progress/seconds_left"
