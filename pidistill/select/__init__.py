"""The verb between verify and train: which attempts become examples. A selector sees all attempts of a problem."""
