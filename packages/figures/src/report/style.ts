// The style sheet of reports: one column on a phone, two on a desk, light and dark as the reader's system asks.
import { ink, type Mode, palette } from '../theme.ts';

const pages: Readonly<Record<Mode, { page: string; card: string; edge: string; code: string }>> = {
  light: { page: '#F6F7F9', card: '#FFFFFF', edge: '#E3E7EB', code: '#F1F3F5' },
  dark: { page: '#0D1014', card: '#14181D', edge: '#252C33', code: '#1B2127' },
};

function variables(mode: Mode): string {
  const { page, card, edge, code } = pages[mode];
  const { text, muted, grid } = ink[mode];
  const series = palette[mode].map((color, i) => `--s${i}:${color}`).join(';');
  return `--page:${page};--card:${card};--edge:${edge};--code:${code};--text:${text};--muted:${muted};--grid:${grid};${series}`;
}

export const styleSheet = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:400 16px/1.6 Inter,system-ui,sans-serif;
  font-feature-settings:'cv11','ss03';-webkit-font-smoothing:antialiased;overflow-wrap:anywhere}
main{max-width:1144px;margin:0 auto;padding:clamp(28px,6vw,72px) clamp(16px,4vw,32px) 64px}
header{max-width:760px;margin-bottom:clamp(24px,4vw,40px)}
.eyebrow{margin:0 0 10px;color:var(--muted);font-size:14px}
h1{margin:0;font-size:clamp(28px,5vw,44px);line-height:1.12;letter-spacing:-.022em;font-weight:600;text-wrap:balance}
.lead{margin:16px 0 0;color:var(--muted);font-size:clamp(16px,2vw,19px);line-height:1.55;text-wrap:pretty}
h2{margin:0;font-size:18px;line-height:1.3;letter-spacing:-.011em;font-weight:600}
h3{margin:20px 0 4px;font-size:14px;font-weight:600}
.card{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:clamp(16px,2.6vw,28px);min-width:0}
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(150px,100%),1fr));gap:16px;margin:0 0 16px}
.stats:has(>:nth-child(4):last-child){grid-template-columns:repeat(2,minmax(0,1fr))}
@media (min-width:640px){.stats:has(>:nth-child(4):last-child){grid-template-columns:repeat(4,minmax(0,1fr))}}
.stat{padding:18px clamp(16px,2.6vw,28px) 16px}
.stat dt{display:flex;align-items:center;gap:8px;font-size:14px;font-weight:600}
.stat dd{margin:6px 0 0}
.big{font-size:clamp(25px,3.4vw,36px);line-height:1.15;font-weight:600;letter-spacing:-.025em;font-variant-numeric:tabular-nums}
.small{color:var(--muted);font-size:13px;line-height:1.45}
.swatch{flex:none;display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--c,var(--muted))}
.charts{display:grid;grid-template-columns:minmax(0,1fr);gap:16px}
figure{margin:0;display:flex;flex-direction:column}
figcaption{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:4px 16px}
figcaption p{grid-column:1/-1;margin:0;color:var(--muted);font-size:14px;line-height:1.5;max-width:72ch;text-wrap:pretty}
.tools{display:flex;gap:4px;align-items:flex-start;visibility:hidden}
.live .tools{visibility:visible}
.tools button{font:inherit;font-size:12px;line-height:1;color:var(--muted);background:none;border:1px solid var(--edge);
  border-radius:6px;padding:6px 9px;cursor:pointer}
.tools button:hover,.tools button:focus-visible{color:var(--text);border-color:var(--muted)}
.legend{display:none;flex-wrap:wrap;gap:4px 16px;margin:14px 0 0;padding:0;list-style:none;font-size:13px;font-weight:600}
.legend li{display:flex;align-items:center;gap:7px}
.narrow .legend,.multiple .legend{display:flex}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(250px,100%),1fr));gap:26px 28px;margin-top:18px}
@media (min-width:900px){.panels[data-n='4']{grid-template-columns:repeat(2,minmax(0,1fr))}}
.panels h3{margin:0 0 8px}
.panels .plot{margin:0}
.panels .still svg{min-width:0}
.plot{margin-top:18px;min-width:0}
.plot .vega-embed{display:block}
.card p.small{margin:12px 0 0}
.plot svg{display:block;max-width:100%;height:auto}
.still svg{width:100%;height:auto}
.still{overflow-x:auto}
.still svg{min-width:420px}
.wide .still svg{min-width:640px}
.still.dark{display:none}
@media (prefers-color-scheme:dark){.still.dark{display:block}.still.light{display:none}}
section.card,details.card,.card+.charts{margin-top:16px}
.scroll{overflow-x:auto;margin:14px calc(-1*clamp(16px,2.6vw,28px)) 0;padding:0 clamp(16px,2.6vw,28px)}
table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.4;font-variant-numeric:tabular-nums}
th,td{padding:10px 0 10px 18px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--edge);vertical-align:baseline}
th:first-child,td:first-child{padding-left:0;text-align:left}
th.text,td.text{text-align:left}
tr:last-child td,tr:last-child th{border-bottom:0}
thead th{color:var(--muted);font-size:13px;font-weight:400}
tbody th{font-weight:600}
tbody th .swatch{margin-right:9px}
.sortable thead th{cursor:pointer;user-select:none}
.sortable thead th:hover{color:var(--text)}
.sortable thead th[aria-sort]{color:var(--text);font-weight:600}
.sortable thead th[aria-sort=ascending]::after{content:' ↑'}
.sortable thead th[aria-sort=descending]::after{content:' ↓'}
.best{font-weight:600}
.interval{font-weight:400;color:var(--muted);margin-left:6px;font-size:13px}
.prose p{margin:10px 0 0;max-width:76ch;text-wrap:pretty}
.prose pre,.prose code{font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.prose pre{margin:8px 0 0;padding:12px 14px;background:var(--code);border-radius:8px;overflow-x:auto;overflow-wrap:normal}
.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 20px;margin:14px 0 0;font-size:14px}
.facts dt{color:var(--muted)}
.facts dd{margin:0}
.warning{border-left:3px solid var(--s1);padding:2px 0 2px 14px;margin:0 0 20px;font-size:15px}
summary{cursor:pointer;font-size:18px;font-weight:600;letter-spacing:-.011em}
summary:focus-visible,button:focus-visible{outline:2px solid var(--s0);outline-offset:2px}
footer{margin-top:28px;color:var(--muted);font-size:13px}
@media (min-width:900px){
  .charts{grid-template-columns:repeat(2,minmax(0,1fr))}
  .charts .wide{grid-column:1/-1}
}
@media (max-width:520px){.facts{grid-template-columns:minmax(0,1fr);gap:0}.facts dd{margin-bottom:8px}}
@media print{body{background:#fff}.tools{display:none}.card{break-inside:avoid;border-color:#ddd}}
`;
