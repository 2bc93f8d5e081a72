// A small, wrong change to a source file, of a kind that published code really has.

export interface Mutation {
  /** What the change makes wrong. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** A piece of that file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which one must fail, and a filter on their names. */
  readonly tests: readonly string[];
  readonly only?: string;
}
