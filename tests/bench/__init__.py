"""Measures the chain against two references, in one run: `make bench`. See DESIGN section 8.

`plain` and `bare` are fixed; they change only by an ADR, or a ratio would mean something else each
time. Figures of different runs or machines are not to be compared, ratios are.
"""
