// The people of bioS(N): unique names, and everything else drawn uniformly and independently.
import { fold, type Key, randint } from '@looplab/core';
import { type BioValue, bioPools, bioValues, nameSpace, type Spelling, spelling } from './bioPools.ts';

/** A person: the numbers of the values in their pools, and the name as it is spelled. */
export interface Person extends Readonly<Record<BioValue, number>> {
  /** First, middle and last name. */
  readonly name: readonly Spelling[];
}

/** `count` people, looked up by number `0..count-1`; no two have the same name. */
export function drawPeople(from: Key, count: number): (person: number) => Person {
  const { firstName, middleName, lastName } = bioPools;
  const taken = new Set<number>();
  const names = randint(fold(from, 'name'), count, nameSpace).map((drawn, person) => {
    let code = drawn;
    for (let again = 0; taken.has(code); again++)
      code = randint(fold(fold(fold(from, 'rename'), person), again), 1, nameSpace)[0] ?? 0;
    taken.add(code);
    return code;
  });
  const drawn = Object.fromEntries(
    bioValues.map((value) => [value, randint(fold(from, value), count, bioPools[value].size)]),
  ) as Record<BioValue, Int32Array>; // an entry for each value
  return (person) => {
    const code = names[person] ?? 0;
    const rest = Math.floor(code / lastName.size);
    const name = [
      spelling(firstName, Math.floor(rest / middleName.size)),
      spelling(middleName, rest % middleName.size),
      spelling(lastName, code % lastName.size),
    ];
    const values = Object.fromEntries(bioValues.map((value) => [value, drawn[value][person] ?? 0]));
    return { name, ...(values as Record<BioValue, number>) }; // an entry for each value
  };
}
