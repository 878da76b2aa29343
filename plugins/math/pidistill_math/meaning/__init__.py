"""What a tree is worth and what kind of answer it is: numbers at points, equality, sets, sequences, equations."""
