"""Facts in English: a part a file, `voice` for what all of them need, `merging` for the one description.

Every sentence says one thing that was measured, or that it could not be told, and belongs to one fact, so that no text says a
thing twice. Phrasings are chosen by the clip's own facts: the same clip reads the same each time, two clips seldom do.
"""
