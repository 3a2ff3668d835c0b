"""What the pages of a report look alike in."""

STYLE = """body { margin: 0 auto; max-width: 1100px; padding: 1rem; color: #1b1b1b; background: #fff;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; overflow-wrap: anywhere; }
ul { background: #fff7df; border-left: 4px solid #d9a400; padding: .5rem 1rem .5rem 2rem; margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
"""
