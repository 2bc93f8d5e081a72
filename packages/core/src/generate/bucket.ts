// Row counts that programs are compiled for, so that few serve any number of rows.

/** The smallest of 1, 2, 3, 4, 6, 8, 12, 16, ... that is at least `n`, and no more than `most`. */
export function bucketOf(n: number, most: number): number {
  let size = 1;
  while (size < n) size = size % 3 === 0 ? (size / 3) * 4 : size < 2 ? size * 2 : (size / 2) * 3;
  return Math.min(size, most);
}
