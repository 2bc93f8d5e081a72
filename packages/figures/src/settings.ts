// A configuration as flat settings: values by their dotted keys.

/** What a setting can be; lists and empty objects are written out as JSON. */
export type Setting = string | number | boolean | null;

/** `{ model: { loops: 4 } }` as `model.loops -> 4`, in the order of the configuration. */
export function settingsOf(config: Readonly<Record<string, unknown>>): Map<string, Setting> {
  const found = new Map<string, Setting>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [k, v] of Object.entries(value)) visit(v, path === '' ? k : `${path}.${k}`);
    } else {
      found.set(path, isSetting(value) ? value : JSON.stringify(value));
    }
  };
  visit(config, '');
  return found;
}

/** What changes nothing that a figure compares: seeds, names, how often something is written. */
export const cosmetic: ReadonlySet<string> = new Set(
  ['seed', 'train.seed', 'study', 'study.name', 'variant'].concat([
    'train.logEvery',
    'train.checkpointEvery',
    'train.keepCheckpoints',
  ]),
);

function isSetting(value: unknown): value is Setting {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
