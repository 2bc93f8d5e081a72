// JSON.parse keeps the last of two equal keys without a word; this finds them.

/** The first key that stands twice in one object of `json`, which must be valid JSON. */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = []; // the keys of each object we are in; an array adds an empty set
  let i = 0;
  while (i < json.length) {
    const c = json[i];
    if (c === '"') {
      const start = i++;
      while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
      i++;
      let next = i;
      while (/\s/.test(json[next] ?? '')) next++;
      if (json[next] === ':') {
        const name = JSON.parse(json.slice(start, i)) as string; // a JSON string, escapes and all
        const keys = open.at(-1);
        if (keys?.has(name)) return name;
        keys?.add(name);
      }
      continue;
    }
    if (c === '{' || c === '[') open.push(new Set());
    if (c === '}' || c === ']') open.pop();
    i++;
  }
  return undefined;
}
