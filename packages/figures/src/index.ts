// Figures and reports from run folders: read, tabulate, specify, draw.
export type { Chart, ChartOptions } from './chart.ts';
export { defaultCharts } from './charts/defaultCharts.ts';
export { exitDistribution } from './charts/exitDistribution.ts';
export { type CurveOptions, learningCurves } from './charts/learningCurves.ts';
export { accuracyPerLoop, bitsPerBytePerLoop, type PerLoopOptions } from './charts/perLoop.ts';
export { readRun, readRuns } from './readRun.ts';
export { type RenderOptions, renderPng, renderSvg, writePng, writeSvg } from './render.ts';
export type { ReportTable } from './report/sections.ts';
export { type ReportOptions, writeReport } from './report/writeReport.ts';
export { type EvalPoint, FiguresError, type Manifest, type Run, type RunState, type TrainPoint } from './run.ts';
export { type LabelOf, type Series, seriesOf } from './series.ts';
export { type Estimate, estimate } from './statistics.ts';
export { type Summary, type SummaryRow, summaryOf } from './summary.ts';
export { type Curve, curveTable, loopTable, summarise } from './tables.ts';
export { type Mode, PAPER_WIDTH, palette, type ThemeName, themeConfig } from './theme.ts';
