"""What an answer's text says: from characters to tokens, and from tokens to a tree of nodes. Nothing here knows a
question or a reference.
"""
