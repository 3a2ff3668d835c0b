"""The laboratory: trading days without end on a virtual clock, out of one seed, with everything going wrong.

The real code runs against a venue with a book of its own. One checker reads only that book, another one compares it
with the journal.
"""
