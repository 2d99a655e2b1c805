"""Speed of training: throughput, memory, overhead, learning in equal time, and repeats together."""
