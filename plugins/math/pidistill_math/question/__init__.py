"""What a question asks for, as far as an answer has to know: units, formulas, options, events, forms."""
