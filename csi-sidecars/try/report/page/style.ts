/** The look of the page: readable, in the light and in the dark. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --dim: #777; --bar: #4a7fb5; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --dim: #999; } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1240px; padding: 0 20px 60px; }
h1 { font-size: 22px; margin: 20px 0 0; } h2 { font-size: 17px; margin: 34px 0 8px; } h3 { font: 600 14px ui-monospace, monospace; margin: 0; }
nav a { margin-right: 16px; } small, .dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; } th, td { border-bottom: 1px solid var(--line); padding: 4px 10px 4px 0; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; } .detail { overflow-wrap: anywhere; white-space: pre-wrap; }
.breach { border-left: 3px solid var(--bad); padding: 2px 0 2px 12px; margin: 10px 0 14px; } .breach p, .breach ul { margin: 4px 0; } .breach li { overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; } svg line { stroke: var(--line); }
.step { fill: var(--dim); } .step.ok { fill: var(--good); } .step.failed { fill: var(--bad); } .call { fill: var(--bar); } .call.refused { fill: #d29922; } .call.lost { fill: var(--bad); }
pre { overflow-x: auto; font: 12px/1.5 ui-monospace, monospace; }
#search { width: 320px; padding: 4px 8px; } details { border-bottom: 1px solid var(--line); } summary { cursor: pointer; font: 12px/1.8 ui-monospace, monospace; } details pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0 10px 16px; }
`;
