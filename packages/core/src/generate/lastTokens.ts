// What each row's last token showed in each step, for the steps of the token after it.
import { HostTensor } from '@looplab/engine';
import { blank, type HostTensors } from './rows.ts';

export class LastTokens {
  /** By step, by name, a row each. */
  readonly #shown = new Map<string, Map<string, (HostTensor | undefined)[]>>();

  /** What the token before the next one of `row` showed in a step, [1, ...] by name; zeros where a row has had none. */
  before(step: string, row: number): HostTensors {
    const out: Record<string, HostTensor> = {};
    for (const [name, rows] of this.#shown.get(step) ?? []) {
      const any = rows.find((x) => x !== undefined) as HostTensor; // a name is here because a row showed it
      out[name] = rows[row] ?? (blank({ any }).any as HostTensor);
    }
    return out;
  }

  /** Keeps the last of the tokens [seq, ...] that a step showed. */
  keep(step: string, row: number, shown: HostTensors): void {
    if (Object.keys(shown).length === 0) return;
    const names = this.#shown.get(step) ?? new Map<string, (HostTensor | undefined)[]>();
    this.#shown.set(step, names);
    for (const [name, { data, shape }] of Object.entries(shown)) {
      const [seq = 1, ...rest] = shape;
      const rows = names.get(name) ?? [];
      rows[row] = new HostTensor(data.slice((data.length / seq) * (seq - 1)), [1, ...rest]);
      names.set(name, rows);
    }
  }

  /** Whether any step uses the token before. */
  get used(): boolean {
    return this.#shown.size > 0;
  }
}
