// `--grid model.loops=1,2,4`: the axes of a grid as they are typed.
import { grid, type Json, type Search } from '@looplab/sweep';
import { UsageError } from './errors.ts';

/**
 * A grid from its axes. Values are separated by commas, each JSON where it parses as JSON, else text; an axis of several settings has a
 * JSON list: `model.layers,model.loops=[[2,6],[3,4]]`.
 * @throws UsageError for an axis that is none; SweepError as `grid`
 */
export function gridFromFlags(flags: readonly string[]): Search {
  const axes: Record<string, readonly Json[]> = {};
  for (const text of flags) {
    const at = text.indexOf('=');
    const axis = text.slice(0, at).trim();
    if (at < 1) throw new UsageError(`--grid '${text}' is no axis; write --grid model.loops=1,2,4`);
    if (axis in axes) throw new UsageError(`--grid gives the axis ${axis} twice; give all its values at once`);
    axes[axis] = valuesOf(text.slice(at + 1).trim());
  }
  return grid(axes);
}

function valuesOf(text: string): readonly Json[] {
  const whole = parsed(text);
  if (Array.isArray(whole)) return whole;
  return text.split(',').map((part) => {
    const value = parsed(part.trim());
    return value === undefined ? part.trim() : value;
  });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(/^-?\d[\d_]*(\.\d+)?$/.test(text) ? text.replaceAll('_', '') : text);
  } catch {
    return undefined;
  }
}
