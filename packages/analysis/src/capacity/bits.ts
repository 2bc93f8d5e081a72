// How many bits of a set of random biographies a model stores, from its losses (arXiv 2404.05405).
import { AnalysisError } from '../analysisError.ts';

/** What was measured of one attribute: mean over persons of the sum of its tokens' negative log-likelihoods. */
export interface AttributeLoss {
  readonly attribute: string;
  /** Nats a person. */
  readonly nats: number;
  /** Values it is drawn from, uniformly: the pool's size. */
  readonly choices: number;
}

export interface CapacityInput {
  /** N: persons, all of whom the losses are averaged over. */
  readonly people: number;
  /** The name; its `choices` are N0, the number of possible names. */
  readonly name: AttributeLoss;
  /** Everything else; the product of their `choices` is S0. */
  readonly values: readonly AttributeLoss[];
  /** P: parameters, without rows of unused symbols. */
  readonly params: number;
}

export interface AttributeBits {
  readonly attribute: string;
  /**
   * Bits a person that the model knows: `log2 choices - nats / ln 2`. Negative for a model worse than guessing in the
   * pool.
   */
  readonly bitsPerPerson: number;
  /** Bits a person there are: `log2 choices`; for the name `log2(N0 / N)`, as the set of names has no order. */
  readonly maxPerPerson: number;
}

export interface Capacity {
  /** `N log2(N0 / e^p1)`. */
  readonly nameBits: number;
  /** `N log2(S0 / e^p2)`. */
  readonly valueBits: number;
  readonly bits: number;
  /** R. Not clipped: below 0 for an untrained model. */
  readonly bitsPerParameter: number;
  /** `N log2(N0 / N) + N log2 S0`. */
  readonly maxBits: number;
  /** Rmax, what the data allow. */
  readonly maxBitsPerParameter: number;
  readonly attributes: readonly AttributeBits[];
}

/** Bits a person that the model knows: `log2 choices - nats / ln 2`. */
export function known({ nats, choices }: Pick<AttributeLoss, 'nats' | 'choices'>): number {
  return Math.log2(choices) - nats / Math.LN2;
}

/**
 * `bits = N log2(N0 / e^p1) + N log2(S0 / e^p2)`, `R = bits / P`, `Rmax = (N log2(N0 / N) + N log2 S0) / P`
 * (2404.05405, definition 2.2 and theorem 3.2; Ouro's definition 1 lost the fraction bars). The best that a name's loss
 * can be is `ln N`, since one of N names has to be singled out.
 * @throws AnalysisError for numbers that cannot be
 */
export function capacityBits(input: CapacityInput): Capacity {
  const { people, name, values, params } = input;
  const wrong = (what: string, got: number): never => {
    throw new AnalysisError(`capacity: ${what} (got ${got}); measure it on the persons the model was trained on`);
  };
  if (!(Number.isInteger(people) && people >= 1)) wrong('people must be a whole number >= 1', people);
  if (!(params >= 1)) wrong('params must be >= 1', params);
  if (people > name.choices) wrong(`people must be at most the ${name.choices} possible names`, people);
  for (const { attribute, nats, choices } of [name, ...values]) {
    if (!(nats >= 0 && Number.isFinite(nats))) wrong(`the loss of ${attribute} must be finite and >= 0`, nats);
    if (!(choices >= 1)) wrong(`the pool of ${attribute} must have a value`, choices);
  }
  const nameBits = people * known(name);
  const valueBits = people * values.reduce((sum, v) => sum + known(v), 0);
  const allValues = values.reduce((sum, v) => sum + Math.log2(v.choices), 0);
  const maxBits = people * (Math.log2(name.choices / people) + allValues);
  const bits = nameBits + valueBits;
  return {
    nameBits,
    valueBits,
    bits,
    bitsPerParameter: bits / params,
    maxBits,
    maxBitsPerParameter: maxBits / params,
    attributes: [name, ...values].map((a) => ({
      attribute: a.attribute,
      bitsPerPerson: known(a),
      maxPerPerson: a === name ? Math.log2(name.choices / people) : Math.log2(a.choices),
    })),
  };
}
