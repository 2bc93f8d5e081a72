// Made-up names without end: each number has one, and no two have the same.

const ONSETS = ['B', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S', 'T', 'V', 'W', 'Br', 'Cl', 'St', 'Tr'];
const CODAS = ['an', 'el', 'in', 'or', 'us', 'am', 'eth', 'il', 'on', 'ur'];
const MIDDLES = ['a', 'e', 'i', 'o', 'u'].flatMap((vowel) => ['l', 'm', 'n', 'r', 's', 't'].map((c) => vowel + c));

/** Name number `index`: `Ban`, `Dan`, `Fan`, …; from 200 on they grow longer. */
export function madeUpName(index: number): string {
  const onset = ONSETS[index % ONSETS.length] ?? '';
  const coda = CODAS[Math.floor(index / ONSETS.length) % CODAS.length] ?? '';
  let rest = Math.floor(index / (ONSETS.length * CODAS.length));
  let middle = '';
  for (; rest > 0; rest = Math.floor((rest - 1) / MIDDLES.length)) middle += MIDDLES[(rest - 1) % MIDDLES.length] ?? '';
  return onset + middle + coda;
}
