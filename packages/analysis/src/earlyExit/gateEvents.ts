// What a gate's probability of stopping, and a prediction's confidence, might mean, token by token.
import { correct } from '../depth/depth.ts';
import type { Readouts } from '../readouts.ts';
import type { Predictions } from './calibration.ts';

/** Gain below which another loop counts as useless, nats (gamma of arXiv 2510.25741, section 3.4). */
const GAMMA = 0.005;

export interface GateEvent {
  readonly source: 'gate' | 'confidence';
  readonly event: 'right' | 'settled' | 'no gain';
  readonly loop: number;
  readonly of: Predictions;
}

/**
 * After every trained loop: the confidence against being right; with a gate, before the last loop, its lambda against
 * being right, against having settled (the answer is that of the trained depth) and against no gain (the next loop
 * lowers the loss by at most 0.005 nats).
 */
export function gateEvents(of: Readouts): GateEvent[] {
  const last = of.loops.indexOf(of.trained);
  const happened = (f: (i: number) => boolean): Float64Array =>
    Float64Array.from({ length: of.tokens }, (_, i) => (f(i) ? 1 : 0));
  return of.loops.slice(0, last + 1).flatMap((loop, t): GateEvent[] => {
    const right = correct(of, t);
    const row = of.row;
    const confidence = Float64Array.from(of.confidence[t] ?? [], (p) => Math.min(1, p));
    const own: GateEvent[] = [
      { source: 'confidence', event: 'right', loop, of: { predicted: confidence, happened: right, row } },
    ];
    if (of.halt.length === 0 || t === last) return own; // the last loop's gate is not used
    const lambda = Float64Array.from(of.halt[t] ?? [], (z) => 1 / (1 + Math.exp(-z)));
    const settled = happened((i) => of.answer[t]?.[i] === of.answer[last]?.[i]);
    const idle = happened((i) => (of.loss[t]?.[i] ?? 0) - (of.loss[t + 1]?.[i] ?? 0) <= GAMMA);
    const gate = (event: GateEvent['event'], what: Float64Array): GateEvent => ({
      source: 'gate',
      event,
      loop,
      of: { predicted: lambda, happened: what, row },
    });
    return [...own, gate('right', right), gate('settled', settled), gate('no gain', idle)];
  });
}
