"""RDF in the words of the vocabulary: documents become rows of facts, and facts documents."""
