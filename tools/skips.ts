// Which tests were skipped for want of what: a missing part is said out loud, and in CI, which has them all, it is a failure.

/** A test in vitest's JSON report, as far as it is read here. */
export interface ReportedTest {
  readonly status: string;
  /** Of the suites around it. */
  readonly ancestorTitles: readonly string[];
  readonly title: string;
}

/** What was skipped. */
export interface Skips {
  readonly total: number;
  /** Numbers of tests by what their title, or that of a suite, says after `skipped: `, as `needs X, run Y`. */
  readonly missing: ReadonlyMap<string, number>;
}

/** Counts the tests that did not run. */
export function skipsOf(tests: readonly ReportedTest[]): Skips {
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  const needs = skipped.flatMap(({ ancestorTitles, title }) => {
    const said = [...ancestorTitles, title].flatMap((t) => t.match(/skipped: (needs [^()]+)/)?.[1] ?? []);
    return said.slice(0, 1);
  });
  const missing = Map.groupBy(needs, (need) => need);
  return { total: skipped.length, missing: new Map([...missing].map(([need, tests]) => [need, tests.length])) };
}

/** What to print about them, a line each. */
export function skipLines({ total, missing }: Skips, isCi: boolean): string[] {
  const lines = [...missing].map(([need, count]) => `${isCi ? 'FAILED: ' : ''}${count} of them: ${need}`);
  return [`${total} ${total === 1 ? 'test was' : 'tests were'} skipped`, ...lines];
}
