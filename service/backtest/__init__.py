"""What a release would have done: recorded decisions decided again; what each rule costs."""
