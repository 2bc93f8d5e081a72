// What each row's last token showed in each step, for the steps of the token after it.
import { HostTensor } from '@looplab/engine';
import { blank, type HostTensors } from './rows.ts';

interface Shown {
  /** What a row without tokens shows. */
  readonly nothing: HostTensor;
  readonly rows: Map<number, HostTensor>;
}

export class LastTokens {
  /** By step, by name. */
  readonly #shown = new Map<string, Map<string, Shown>>();

  /** What the token before the next one of `row` showed in a step, [1, ...] by name; zeros where a row has had none. */
  before(step: string, row: number): HostTensors {
    const out: Record<string, HostTensor> = {};
    for (const [name, { nothing, rows }] of this.#shown.get(step) ?? []) out[name] = rows.get(row) ?? nothing;
    return out;
  }

  /** Keeps the last of the tokens [seq, ...] that a step showed. */
  keep(step: string, row: number, shown: HostTensors): void {
    for (const name in shown) {
      const { data, shape } = shown[name] as HostTensor;
      const [seq = 1, ...rest] = shape;
      const last = new HostTensor(data.slice((data.length / seq) * (seq - 1)), [1, ...rest]);
      const names = this.#shown.get(step) ?? new Map<string, Shown>();
      this.#shown.set(step, names);
      const known = names.get(name) ?? { nothing: blank(last), rows: new Map() };
      names.set(name, known);
      known.rows.set(row, last);
    }
  }

  /** Forgets what rows showed. */
  clear(): void {
    for (const names of this.#shown.values()) for (const { rows } of names.values()) rows.clear();
  }

  /** Whether any step uses the token before. */
  get used(): boolean {
    return this.#shown.size > 0;
  }
}
