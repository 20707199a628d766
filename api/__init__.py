"""What users touch: GraphQL, the command line, the demo. Nobody imports it."""
