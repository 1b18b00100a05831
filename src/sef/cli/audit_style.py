"""The look of an audit's page, in light and in dark."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fbfbfa;--ink:#1c2024;--soft:#5b646e;--line:#dfe2e5;
--card:#fff;--shade:#1c202440;--alert:#8a4b00;--c0:#3566c4;--c1:#c8622b;--c2:#2e8b74;--c3:#8a5fb5;--c4:#b38600;
--c5:#a8446b;--c6:#5a6b7b}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e8eaec;--soft:#a0a9b2;
--line:#32383e;--card:#1d2125;--shade:#000c;--alert:#f0b35c;--c0:#7ba3f2;--c1:#f09a68;--c2:#63c2a9;--c3:#bd98e3;--c4:#e0b949;
--c5:#e58aac;--c6:#9aacbd}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.35rem;margin:2.5rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.5rem 0 .4rem}
.lead,.note{color:var(--soft)}.lead{margin:0 0 1.25rem}.note{font-size:.85rem;margin:.25rem 0}
.alert{color:var(--alert);margin:.25rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.75rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}
.card .label{font-size:.85rem;color:var(--soft)}
.card .number{font-size:1.35rem;font-weight:650;font-variant-numeric:tabular-nums}
figure{margin:1.25rem 0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;
padding:.9rem 1rem}
figcaption{font-weight:600;margin-bottom:.5rem}
svg{display:block;width:100%}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}
svg .soft{fill:var(--soft)}svg .axis{stroke:var(--line);stroke-width:1}
svg .whisker{stroke:var(--ink);stroke-width:2}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:.5rem 0 0;padding:0;list-style:none;
font-size:.85rem}
.key span{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.4rem}
.wide{overflow-x:auto;margin:1rem 0;background:
linear-gradient(90deg,var(--paper) 30%,transparent) 0 0/3rem 100% no-repeat local,
linear-gradient(270deg,var(--paper) 30%,transparent) 100% 0/3rem 100% no-repeat local,
linear-gradient(90deg,var(--shade),transparent) 0 0/1rem 100% no-repeat scroll,
linear-gradient(270deg,var(--shade),transparent) 100% 0/1rem 100% no-repeat scroll}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--line);
white-space:nowrap;max-width:17rem;overflow:hidden;text-overflow:ellipsis}
.text{white-space:normal;min-width:14rem;overflow-wrap:break-word}
th{color:var(--soft);font-weight:600;white-space:nowrap}th:first-child{color:var(--ink)}
.n{text-align:right;max-width:none}th{max-width:none}
.key li{overflow-wrap:anywhere}
@media (max-width:700px){main{padding:1.25rem .75rem 3rem}td{max-width:11rem}}
ul{padding-left:1.1rem;margin:.3rem 0}li{margin:.15rem 0}
"""
