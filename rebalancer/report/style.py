"""What the pages of a report look alike in."""

STYLE = """body { margin: 0 auto; max-width: 1100px; padding: 1rem; color: #1b1b1b; background: #fff;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; overflow-wrap: anywhere; }
ul { background: #fff7df; border-left: 4px solid #d9a400; padding: .5rem 1rem .5rem 2rem; margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
"""

PALETTE = """
  --c0: #d55e00; --c1: #009e73; --c2: #cc79a7; --c3: #e69f00;
  --c4: #56b4e9; --c5: #7f5539; --c6: #6a4c93; --c7: #8ab17d;"""
LIGHT = f"""color-scheme: light; --ink: #1b1b1b; --soft: #5f6670; --page: #fff; --card: #f4f5f7; --rule: #e2e4e8;
  --main: #0072b2; --beside: #777; --cash: #e6e6e6; --others: #bbb; --gain: 47 125 79; --loss: 193 68 60;{PALETTE}"""
DARK = f"""color-scheme: dark; --ink: #e8eaed; --soft: #a2a9b4; --page: #15181d; --card: #1f242b; --rule: #323943;
  --main: #5cb3ee; --beside: #a0a0a0; --cash: #343a42; --others: #5d646e;
  --gain: 66 160 104; --loss: 214 92 84;{PALETTE}
  --c5: #b88a68; --c6: #a48bd0;"""
COLORS = ("main", "beside", "cash", "others", *(f"c{number}" for number in range(8)))
STRENGTHS = 20
"""The steps of colour in a heat map: classes s0 to s20, since a page may forbid style attributes."""
CHARTS = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(12rem, 46%), 1fr)); gap: .5rem;
  margin: 1rem 0; }
.cards div { background: var(--card); border-radius: .5rem; padding: .6rem .75rem; }
.cards b { display: block; font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: 1.75rem; font-size: .85rem; }
.key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; border-radius: .2rem;
  vertical-align: -.08rem; background: currentColor; }
.plot { display: block; width: calc(100% - 5.15rem); height: 260px; margin: 0 .75rem 1.5rem 4.4rem; overflow: visible; }
.plot text { fill: var(--soft); font-size: .75rem; font-variant-numeric: tabular-nums; }
.plot .y { text-anchor: end; dominant-baseline: middle; }
.plot .x { text-anchor: middle; dominant-baseline: hanging; }
.plot path { vector-effect: non-scaling-stroke; }
.plot .grid { stroke: var(--rule); fill: none; }
.line { fill: none; stroke: currentColor; stroke-width: 1.3; stroke-linejoin: round; }
.main.line { stroke-width: 2; }
.beside.line { opacity: .75; }
.area { fill: currentColor; opacity: .2; }
.band, .bar { fill: currentColor; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0 1rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.tables section { min-width: 0; max-width: 100%; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: pre; }
th:first-child, td:first-child { text-align: left; }
.heat { width: 100%; }
.heat th, .heat td { padding: .25rem .35rem; text-align: center; font-weight: normal; }
.heat .gain { background: rgb(var(--gain) / calc(var(--strength) * .6)); }
.heat .loss { background: rgb(var(--loss) / calc(var(--strength) * .6)); }
.heat .total { font-weight: 600; }
@media (max-width: 600px) { .plot .between { display: none; } }
""" + "".join(
    (
        *(f".{name} {{ color: var(--{name}); }}\n" for name in COLORS),
        *(f".s{step} {{ --strength: {step / STRENGTHS:g}; }}\n" for step in range(STRENGTHS + 1)),
    )
)
THEMES = f""":root {{ {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
"""
TEARSHEET = f"""{THEMES}body {{ margin: 0 auto; max-width: 1080px; padding: 1rem; color: var(--ink);
  background: var(--page); font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 .25rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.05rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }}
header p, footer {{ color: var(--soft); margin: 0; overflow-wrap: anywhere; }}
footer {{ margin-top: 2rem; font-size: .85rem; }}
ul {{ border-left: 4px solid #d9a400; background: var(--card); padding: .5rem 1rem .5rem 2rem; margin: 2rem 0 0;
  overflow-wrap: anywhere; }}
{CHARTS}@media print {{
  :root {{ {LIGHT} }}
  body {{ max-width: none; padding: 0; font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  figure, section, tr {{ break-inside: avoid; }}
  .plot {{ height: 180px; }}
}}
"""
