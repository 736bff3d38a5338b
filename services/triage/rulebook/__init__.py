"""The rule language of `policy run`: documents that declare their own facts, decided on files.

Never live: no database, no settings, no clock. The format is in docs/POLICY-RUN.md.
The way of a document: tree (YAML with positions), facts (what it declares), rewriting (CEL's words
to ours), checking (types, at load), document (all of it, or every fault at once).
The way of a case: cases (read), values (typed against the facts), decide (rules asked by asking,
which evaluates with the functions of arithmetic, texts, dates and lists).
"""
