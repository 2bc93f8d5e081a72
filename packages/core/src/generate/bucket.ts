// Row counts that programs are compiled for, so that few serve any number of rows.

/** The smallest power of two that is at least `n`, and no more than `most`. */
export function bucketOf(n: number, most: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return Math.min(size, most);
}
