// The order of a sweep's decisions, on a clock of its own: what is suggested depends on results, never on how long they took.
import { type Key, key } from '@looplab/core';
import type { Outcome, Search, SearchView, Suggestion } from './search.ts';

/** The score of a suggestion that was carried out; undefined if it is still open. */
export type Judge = (index: number, suggestion: Suggestion) => Pick<Outcome, 'score' | 'curves'> | undefined;

interface Open {
  readonly index: number;
  readonly suggestion: Suggestion;
  /** When it ends if every update takes one unit of time. */
  readonly ends: number;
}

/**
 * Runs a search as if `search.parallel` workers took one unit of time for an update. A decision made at time t sees what ended
 * before t on that clock, and waits for it if it has not ended in fact. So the suggestions are a pure function of the search, the
 * training length and the results: the number of real workers, their speed and their failures change only when they are made, and
 * a sweep that was killed and resumed proposes what it would have proposed unbroken.
 */
export class Timeline {
  readonly #search: Search;
  readonly #work: Pick<SearchView, 'steps' | 'evalEvery'>;
  readonly #key: Key;
  readonly #history: Outcome[] = [];
  readonly #suggestions: Suggestion[] = [];
  /** Updates that each trial has made once what is open ends. */
  readonly #reached = new Map<number, number>();
  #open: Open[] = [];
  #now = 0;

  /** @param work updates of a whole run, and between its evaluations */
  constructor(search: Search, work: { readonly steps: number; readonly evalEvery: number }) {
    this.#search = search;
    this.#work = { steps: work.steps, evalEvery: work.evalEvery };
    this.#key = key(Number(search.options.seed ?? 0));
  }

  /** Everything suggested so far, in order. */
  get suggestions(): readonly Suggestion[] {
    return this.#suggestions;
  }

  /** Goes on as far as the results that are known allow; returns what was suggested newly. */
  advance(judge: Judge): readonly Suggestion[] {
    const before = this.#suggestions.length;
    const { parallel } = this.#search;
    for (;;) {
      while (this.#open.length < parallel) {
        const suggestion = this.#next();
        if (suggestion === undefined) break;
        this.#begin(suggestion);
      }
      if (parallel === Number.POSITIVE_INFINITY) break; // nothing depends on what comes out
      const first = this.#open.reduce<Open | undefined>(
        (a, b) => (a === undefined || b.ends < a.ends ? b : a),
        undefined,
      );
      if (first === undefined) break;
      const result = judge(first.index, first.suggestion);
      if (result === undefined) break;
      this.#now = first.ends;
      this.#open = this.#open.filter((o) => o !== first);
      this.#history.push({ suggestion: first.suggestion, ...result });
    }
    return this.#suggestions.slice(before);
  }

  #next(): Suggestion | undefined {
    return this.#search.suggest({
      key: this.#key,
      made: this.#suggestions,
      history: this.#history,
      ...this.#work,
    });
  }

  #begin(suggestion: Suggestion): void {
    const { trial, until = this.#work.steps } = suggestion;
    const updates = until - (this.#reached.get(trial) ?? 0);
    this.#reached.set(trial, until);
    this.#open.push({ index: this.#suggestions.length, suggestion, ends: this.#now + Math.max(0, updates) });
    this.#suggestions.push(suggestion);
  }
}
