"""The ways in and out: HTTP, standard input, Kafka, queues per source, the stream of changes."""
