// What a model is when run by a strategy: its stacks and parameters, after checking that the two go together.
import type { ModelConfig } from '../model/config.ts';
import {
  CODA,
  CORE,
  type CoreSpec,
  layoutSpecs,
  type ParamSpec,
  PRELUDE,
  type StackShape,
  stackShapes,
} from '../model/specs.ts';
import { estimatorProblem } from './estimator.ts';
import type { Strategy } from './strategy.ts';
import { StrategyError } from './strategyError.ts';

function cores(config: ModelConfig, strategy: Strategy): readonly CoreSpec[] {
  return strategy.cores?.(config) ?? [{ name: CORE }];
}

/** Shapes of every stack, prelude and coda included. */
export function stacksOf(config: ModelConfig, strategy: Strategy): Record<string, StackShape> {
  return stackShapes(config, cores(config, strategy));
}

/** Checkpoint names of the strategy's parameters by their local names. */
export function ownNames(config: ModelConfig, strategy: Strategy): Record<string, string> {
  return Object.fromEntries(
    strategy.params(config).map((p) => [p.name, p.checkpoint ?? `strategy.${strategy.id}.${p.name}`]),
  );
}

/**
 * Every parameter of the model under this strategy, in checkpoint order. For loopLM without prelude and coda these
 * are the tensors of a Hugging Face Ouro checkpoint.
 * @throws StrategyError if model and strategy do not go together
 */
export function paramSpecs(config: ModelConfig, strategy: Strategy): ParamSpec[] {
  assertStrategy(config, strategy);
  const names = ownNames(config, strategy);
  const own = strategy.params(config).map(
    (p): ParamSpec => ({
      name: names[p.name] as string, // made from the same list
      shape: p.shape,
      init: p.init,
      decay: p.decay,
      group: 'strategy',
    }),
  );
  const specs = [...layoutSpecs(config, cores(config, strategy)), ...own];
  const seen = new Set<string>();
  for (const { name } of specs) {
    if (seen.has(name))
      throw new StrategyError(
        `strategy ${strategy.id}: params() names '${name}', which exists already; choose another name`,
      );
    seen.add(name);
  }
  return specs;
}

/** Throws a `StrategyError` that names the field at fault if this runtime cannot run `strategy` on `config`. */
export function assertStrategy(config: ModelConfig, strategy: Strategy): void {
  const fail = (field: string, problem: string): never => {
    throw new StrategyError(`strategy ${strategy.id}: ${field} ${problem}`);
  };
  const problem = estimatorProblem(strategy.gradient);
  if (problem) fail('gradient', `${JSON.stringify(strategy.gradient)} ${problem}`);
  if (
    strategy.gives.includes('jacobian') &&
    !strategy.noise?.(config, config.loops).some((n) => n.name === 'jacobian')
  ) {
    const declare = "{ name: 'jacobian', per: 'token', shape: [config.dModel], law: 'normal' }";
    fail('gives', `lists 'jacobian', but noise() declares no direction to measure along; add ${declare}`);
  }
  for (const kind of ['ponder', 'router'] as const)
    if (strategy.gives.includes(kind) && !strategy.terms)
      fail('gives', `lists '${kind}', but there is no terms(); add it or drop '${kind}'`);
  if (strategy.renew && !strategy.stages.some((s) => s.carry === 'rows'))
    fail('renew', "is there, but no stage has carry: 'rows'; add one or drop renew()");
  if (strategy.stages.some((s) => s.carry === 'rows') && !strategy.renew)
    fail('stages', "carry rows, but there is no renew() to say when a row is done; add it or set carry: 'none'");
  if (strategy.gives.includes('halt') && !strategy.halt)
    fail('gives', "lists 'halt', but there is no halt(); add it or drop 'halt'");
  if (strategy.halt && !strategy.gives.includes('halt'))
    fail('halt', "is there, but gives does not list 'halt'; add it");
  if (strategy.gives.includes('goOn') !== (strategy.goOn !== undefined))
    fail('goOn', "must be there if and only if gives lists 'goOn'; add what is missing");
  if (strategy.goOn && !strategy.halt) fail('goOn', 'is there without halt(), which it is compared with; add halt()');
  if (strategy.exit.needs.includes('halt') && !strategy.halt)
    fail('exit', `rule ${strategy.exit.id} needs halt(); add it or choose another rule`);
  const names = cores(config, strategy).map((c) => c.name);
  if (names.length === 0) fail('cores', 'returned none; return at least one, or leave cores() out');
  for (const name of names) {
    if (name === PRELUDE || name === CODA || name.includes('/'))
      fail('cores', `may not be called '${name}'; that name is taken`);
    if (names.filter((n) => n === name).length > 1) fail('cores', `names '${name}' twice; names must differ`);
  }
  for (const { name, adapters } of cores(config, strategy)) {
    if (adapters && !(adapters.variants >= 1 && adapters.rank >= 1))
      fail('cores', `gives '${name}' adapters ${JSON.stringify(adapters)}; variants and rank must be >= 1`);
  }
  strategy.check?.(config);
}
