// The look of every figure: Okabe-Ito colours, Inter, hairline axes; on screen in light or dark, on paper at print size.
import type { Config } from 'vega-lite';

/** `screen` for pages and slides, `paper` for print at final size (1 px = 1 pt). */
export type ThemeName = 'screen' | 'paper';
export type Mode = 'light' | 'dark';

/** Widths of figures in papers, in points: the text of NeurIPS and ICLR, the text and a column of ICML. */
export const paperWidths = {
  /** 5.5 in. */
  neurips: 396,
  /** 5.5 in. */
  iclr: 396,
  /** 6.75 in. */
  icml: 486,
  /** 3.25 in. */
  icmlColumn: 234,
} as const;

/** A width by name, or in points. */
export type PaperWidth = keyof typeof paperWidths | number;

/** Where no width is asked for: 5.5 in. */
export const PAPER_WIDTH = paperWidths.neurips;

/** Okabe & Ito's colours (2008), told apart with every common colour blindness; in an order that reads well on each ground. */
export const palette: Readonly<Record<Mode, readonly string[]>> = {
  light: ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#5F6670'],
  dark: ['#56B4E9', '#E69F00', '#2BB88E', '#D98CB7', '#F0E442', '#E8743B', '#A9B1BC'],
};

/** Colours of everything that is not data. */
export interface Ink {
  readonly ground: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly grid: string;
}

export const ink: Readonly<Record<Mode, Ink>> = {
  light: { ground: '#FFFFFF', text: '#16191D', muted: '#5B6470', line: '#AEB5BD', grid: '#E9ECEF' },
  dark: { ground: '#14181D', text: '#ECEFF2', muted: '#9AA4AF', line: '#4A535D', grid: '#262D34' },
};

interface Sizes {
  readonly label: number;
  readonly title: number;
  readonly heading: number;
  readonly hair: number;
  readonly line: number;
  readonly point: number;
}

const sizes: Readonly<Record<ThemeName, Sizes>> = {
  screen: { label: 12, title: 12, heading: 16, hair: 1, line: 2.25, point: 52 },
  paper: { label: 8, title: 8, heading: 9, hair: 0.5, line: 1.25, point: 16 },
};

export const FONT = 'Inter';
const FAMILY = `${FONT}, system-ui, sans-serif`;

/** Vega-Lite configuration of a theme. Charts name the styles at its end. */
export function themeConfig(theme: ThemeName, mode: Mode = 'light'): Config {
  const s = sizes[theme];
  const c = ink[mode];
  return {
    font: FAMILY,
    background: theme === 'paper' ? '#FFFFFF' : c.ground,
    padding: theme === 'paper' ? 2 : 14,
    view: { stroke: null },
    range: { category: [...palette[mode]] },
    axis: {
      labelFontSize: s.label,
      labelColor: c.muted,
      labelPadding: s.label / 2,
      titleFontSize: s.title,
      titleFontWeight: 400,
      titleColor: c.muted,
      domainColor: c.line,
      domainWidth: s.hair,
      tickColor: c.line,
      tickWidth: s.hair,
      tickSize: s.label / 3,
      gridColor: c.grid,
      gridWidth: s.hair,
    },
    axisX: { grid: false, titlePadding: s.label * 0.7 },
    // The name of the y axis stands above it, level, where it can be read.
    axisY: {
      domain: false,
      ticks: false,
      grid: true,
      titleAngle: 0,
      titleAlign: 'left',
      titleAnchor: 'end',
      titleBaseline: 'bottom',
      titleX: 0,
      titleY: -s.label * 0.9,
      tickCount: 5,
    },
    line: { strokeWidth: s.line, strokeCap: 'round', strokeJoin: 'round' },
    point: { size: s.point, filled: true, opacity: 1 },
    area: { opacity: mode === 'dark' ? 0.2 : 0.14, line: false },
    bar: { cornerRadiusEnd: theme === 'paper' ? 1 : 3 },
    text: { fontSize: s.label, color: c.text },
    legend: {
      titleFontSize: s.label,
      titleFontWeight: 400,
      titleColor: c.muted,
      labelFontSize: s.label,
      labelColor: c.text,
      title: null,
      orient: 'top',
      direction: 'horizontal',
      symbolSize: s.point * 1.6,
      columnPadding: s.label * 1.3,
      offset: s.label * 2.4,
    },
    header: { labelFontSize: s.label, labelColor: c.text, labelPadding: s.label * 1.4, title: null },
    title: {
      anchor: 'start',
      frame: 'group',
      fontSize: s.heading,
      fontWeight: 600,
      color: c.text,
      subtitleFontSize: s.label,
      subtitleColor: c.muted,
      subtitlePadding: s.label / 2.5,
      subtitleLineHeight: s.label * 1.4,
      lineHeight: s.heading * 1.3,
      offset: s.label * 1.7,
    },
    style: {
      seed: { size: s.point * 0.42, opacity: 0.45 },
      seedLine: { strokeWidth: s.hair, opacity: 0.4 },
      reference: { color: c.muted, strokeWidth: s.hair, strokeDash: [s.hair, s.hair * 3], strokeCap: 'round' },
      level: { strokeWidth: s.hair, strokeDash: [s.label / 3, s.label / 3], opacity: 0.75 },
      note: { fontSize: s.label, color: c.muted },
      endLabel: { fontSize: s.label, fontWeight: 600 },
      value: { fontSize: s.label, fontWeight: 600 },
      panel: { font: FAMILY, fontSize: s.label, fontWeight: 600, fill: c.text },
      cell: { fontSize: s.label * 0.9 },
      // what stands back: configurations that are not named, the spine they hang on, and those without a result
      others: { color: c.muted, strokeWidth: s.hair, opacity: 0.3 },
      spine: { color: c.line, strokeWidth: s.hair },
      lost: { filled: false, color: c.muted, size: s.point, strokeWidth: s.hair * 1.5 },
      configuration: { size: s.point * 0.6, opacity: 0.55 },
      chosen: { size: s.point * 1.3 },
      band: { opacity: mode === 'dark' ? 0.3 : 0.22, strokeWidth: s.label },
      spread: { color: c.text, strokeWidth: s.hair * 1.2, opacity: 0.7 },
      // a mean path over single ones, and how it goes on where the model was not trained
      meanPath: { color: c.text },
      pathBeyond: { color: c.text, strokeDash: [s.label / 3, s.label / 3] },
      pointBeyond: { color: c.text, size: s.point * 0.5 },
    },
  };
}

/** Margin where a page brings its own: room for what hangs below the last line of text. */
export const BARE_PADDING = { left: 0, top: 2, right: 2, bottom: 4 };

/** Font size of labels, px on screen and pt on paper. */
export function labelSize(theme: ThemeName): number {
  return sizes[theme].label;
}
