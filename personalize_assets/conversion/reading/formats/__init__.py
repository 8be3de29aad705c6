"""Files of rows as events: each row becomes one line of JSON, which is read as any other event.

A format is one module with a class that yields, in the order of the file, blocks of such lines and single rows that
cannot be read (``rows.RowReader``). What belongs to JSON itself is in ``reading``.
"""
