// The strategies by id: a new one is used everywhere once it stands in this list.
import type { z } from 'zod';
import { nearest } from '../../config/nearest.ts';
import { ConfigError } from '../../config/parseOptions.ts';
import type { Strategy } from '../strategy.ts';
import { coconut, coconutOptions } from './coconut.ts';
import { deepThinking, deepThinkingOptions } from './deepThinking.ts';
import { deq, deqOptions } from './deq.ts';
import { eqr, eqrOptions } from './eqr.ts';
import { fixedLoops, fixedLoopsOptions } from './fixedLoops.ts';
import { hrm, hrmOptions } from './hrm.ts';
import { huginn, huginnOptions } from './huginn.ts';
import { isoFlop, isoFlopOptions } from './isoFlop.ts';
import { loopedIcl, loopedIclOptions } from './loopedIcl.ts';
import { loopFormer, loopFormerOptions } from './loopFormer.ts';
import { loopLM, loopLMOptions } from './loopLM.ts';
import { morExpert, morExpertOptions } from './morExpert.ts';
import { morToken, morTokenOptions } from './morToken.ts';
import { parallelLoop, parallelLoopOptions } from './parallelLoop.ts';
import { parcae, parcaeOptions } from './parcae.ts';
import { plain, plainOptions } from './plain.ts';
import { pondering, ponderingOptions } from './pondering.ts';
import { ponderNet, ponderNetOptions } from './ponderNet.ts';
import { relay, relayOptions } from './relay.ts';
import { retrofit, retrofitOptions } from './retrofit.ts';
import { sut, sutOptions } from './sut.ts';
import { thinkAtHard, thinkAtHardOptions } from './thinkAtHard.ts';
import { trm, trmOptions } from './trm.ts';
import { universalTransformer, universalTransformerOptions } from './universalTransformer.ts';

export interface StrategyKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Where it comes from, with an arXiv id where there is one. */
  readonly paper: string;
  /** What it needs of model and task, in one phrase; `nothing` if any will do. */
  readonly needs: string;
  /** Id of the objective it is trained with where the study names none. */
  readonly objective: string;
  /** How it differs from the others, in short phrases. */
  readonly table: StrategyTable;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): Strategy;
}

/** The row of a strategy in the table of all of them. */
export interface StrategyTable {
  /** What is carried from loop to loop, and where it starts. */
  readonly state: string;
  /** How the input enters each loop. */
  readonly injection: string;
  /** How many loops training runs. */
  readonly depth: string;
  /** Which loops carry gradient. */
  readonly gradient: string;
  /** What decides when a token stops, and how that is trained. */
  readonly halting: string;
  /** What later tokens see of earlier ones. */
  readonly kv: string;
  /** Work of a training step beside that of `fixedLoops`. */
  readonly cost: string;
}

// The casts let options through to strategies without any, whose schemas reject them.
export const strategies: readonly StrategyKind[] = [
  {
    id: 'plain',
    summary: 'every layer once; the baseline',
    paper: 'Vaswani et al. 2017, arXiv 1706.03762',
    needs: 'model.loops = 1',
    objective: 'lastLoop',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: '1',
      gradient: 'all',
      halting: 'none',
      kv: 'one slot',
      cost: '1 / loops',
    },
    schema: plainOptions,
    make: (o) => plain(o as Record<string, never>),
  },
  {
    id: 'isoFlop',
    summary: 'layers x loops different layers, each once: the baseline at equal FLOPs',
    paper: 'Saunshi et al. 2025, arXiv 2502.17416',
    needs: 'memory for layers x loops layers',
    objective: 'lastLoop',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: '1',
      gradient: 'all',
      halting: 'none',
      kv: 'one slot',
      cost: '1, with loops times the parameters of the core',
    },
    schema: isoFlopOptions,
    make: (o) => isoFlop(o as Record<string, never>),
  },
  {
    id: 'fixedLoops',
    summary: 'the same layers a fixed number of times (k layers, L loops)',
    paper: 'Saunshi et al. 2025, arXiv 2502.17416',
    needs: 'nothing',
    objective: 'lastLoop',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'fixed',
      gradient: 'all, or the last gradLoops',
      halting: 'none',
      kv: 'a slot a loop',
      cost: '1',
    },
    schema: fixedLoopsOptions,
    make: fixedLoops,
  },
  {
    id: 'loopLM',
    summary: 'looped layers with a learned exit gate (Ouro)',
    paper: 'Zhu et al. 2025, arXiv 2510.25741',
    needs: 'nothing',
    objective: 'entropyRegularised',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'fixed',
      gradient: 'all; in the second stage the gate alone',
      halting: 'a gate a token, expected loss with entropy, then its improvement',
      kv: 'a slot a loop',
      cost: '1 + a readout a loop',
    },
    schema: loopLMOptions,
    make: loopLM,
  },
  {
    id: 'ponderNet',
    summary: 'looped layers with a learned chance to stop after each, against a geometric prior',
    paper: 'Banino et al. 2021, arXiv 2107.05407',
    needs: 'nothing',
    objective: 'ponderNet',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'fixed',
      gradient: 'all',
      halting: 'a gate a token, expected loss with a divergence from the prior',
      kv: 'a slot a loop',
      cost: '1 + a readout a loop',
    },
    schema: ponderNetOptions,
    make: ponderNet,
  },
  {
    id: 'universalTransformer',
    summary: 'looped layers told their index, each token stopping by adaptive computation time',
    paper: 'Dehghani et al. 2019, arXiv 1807.03819; Graves 2016, arXiv 1603.08983',
    needs: 'nothing',
    objective: 'actPonder',
    table: {
      state: 'h = e, sum of weighted states, mass',
      injection: 'index of the loop',
      depth: 'at most fixed, a token stops',
      gradient: 'all',
      halting: 'a unit a token, its output and a price a loop',
      kv: 'a slot a loop',
      cost: '1 (stopped tokens cost in training)',
    },
    schema: universalTransformerOptions,
    make: universalTransformer,
  },
  {
    id: 'sut',
    summary: 'each token stops by stick-breaking and goes on showing its expected state',
    paper: 'Tan et al. 2023, arXiv 2310.07096',
    needs: 'nothing',
    objective: 'actPonder',
    table: {
      state: 'h = e, sum of weighted states, log mass',
      injection: 'none',
      depth: 'at most fixed, a token stops',
      gradient: 'all',
      halting: 'a two-layer gate a token, expected state and a price a loop',
      kv: 'a slot a loop, from the expected state',
      cost: '1',
    },
    schema: sutOptions,
    make: sut,
  },
  {
    id: 'relay',
    summary: 'loop t says step t of the chain of thought',
    paper: 'Yu et al. 2025, arXiv 2502.08482',
    needs: 'a task with chains of thought',
    objective: 'stepSupervised',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'steps of the chain, or fixed',
      gradient: 'all',
      halting: 'by the data',
      kv: 'a slot a loop',
      cost: '1 + a readout a loop',
    },
    schema: relayOptions,
    make: relay,
  },
  {
    id: 'loopedIcl',
    summary: 'starts from 0, adds the input in each loop, is read in a window of loops',
    paper: 'Yang et al. 2024, arXiv 2311.12424',
    needs: 'nothing',
    objective: 'windowed',
    table: {
      state: 'h = 0',
      injection: 'add',
      depth: 'rising to fixed',
      gradient: 'last window',
      halting: 'none',
      kv: 'a slot a loop',
      cost: '1 + a readout a loop of the window',
    },
    schema: loopedIclOptions,
    make: loopedIcl,
  },
  {
    id: 'deepThinking',
    summary: 'recalls the input in each loop and learns to go on from anywhere',
    paper: 'Bansal et al. 2022, arXiv 2202.05826',
    needs: 'nothing',
    objective: 'progressive',
    table: {
      state: 'h = e',
      injection: 'W [h; e]',
      depth: 'fixed, and a random part',
      gradient: 'all; the last of the second trajectory',
      halting: 'none',
      kv: 'a slot a loop',
      cost: 'about 1.75',
    },
    schema: deepThinkingOptions,
    make: deepThinking,
  },
  {
    id: 'huginn',
    summary: 'starts from noise, mixes the input in each loop, trains at random depth',
    paper: 'Geiping et al. 2025, arXiv 2502.05171',
    needs: 'prelude and coda layers advised',
    objective: 'lastLoop',
    table: {
      state: 'h = noise',
      injection: 'W [h; e]',
      depth: 'Poisson-lognormal around the mean',
      gradient: 'last 8',
      halting: 'not trained; stops as the readout stops moving',
      kv: 'a slot a loop',
      cost: 'forward 1, backward 8 / loops',
    },
    schema: huginnOptions,
    make: huginn,
  },
  {
    id: 'retrofit',
    summary: 'huginn with a mean depth that grows during training',
    paper: 'McLeish et al. 2025, arXiv 2511.07384',
    needs: 'prelude and coda layers advised',
    objective: 'lastLoop',
    table: {
      state: 'h = noise',
      injection: 'W [h; e]',
      depth: 'Poisson-lognormal around a rising mean',
      gradient: 'last 8',
      halting: 'none',
      kv: 'a slot a loop',
      cost: 'less than huginn',
    },
    schema: retrofitOptions,
    make: retrofit,
  },
  {
    id: 'parcae',
    summary: 'a state whose linear part cannot grow, with the normed input added in each loop',
    paper: 'Prairie et al. 2026, arXiv 2604.12946',
    needs: 'prelude and coda layers advised',
    objective: 'lastLoop',
    table: {
      state: 'h = noise, of its own width',
      injection: 'exp(-dt A) h + dt B norm(e)',
      depth: 'Poisson around the mean',
      gradient: 'last 4',
      halting: 'none',
      kv: 'a slot a loop',
      cost: 'forward 1, backward 4 / loops',
    },
    schema: parcaeOptions,
    make: parcae,
  },
  {
    id: 'loopFormer',
    summary: 'loops as steps of chosen sizes, short trajectories consistent with long ones',
    paper: 'Jeddi et al. 2026, arXiv 2602.11451',
    needs: 'model.loops >= 2',
    objective: 'consistency',
    table: {
      state: 'h = e',
      injection: 'time and step size modulate each layer',
      depth: 'fixed, and a random shorter one',
      gradient: 'all of both',
      halting: 'none; depth is chosen by the caller',
      kv: 'a slot a loop',
      cost: 'about 1.5',
    },
    schema: loopFormerOptions,
    make: loopFormer,
  },
  {
    id: 'morExpert',
    summary: 'at every depth a router keeps the best-scored tokens (mixture of recursions, expert choice)',
    paper: 'Bae et al. 2025, arXiv 2507.10524',
    needs: 'model.loops >= 2',
    objective: 'routed',
    table: {
      state: 'h = e, depths done',
      injection: 'none',
      depth: 'fixed; a falling share of the tokens',
      gradient: 'all',
      halting: 'a router a depth: top k of a row in training, a learned stand-in elsewhere',
      kv: 'a slot a loop of the tokens that compute it, or the first for all',
      cost: '1 (tokens left out cost in training)',
    },
    schema: morExpertOptions,
    make: morExpert,
  },
  {
    id: 'morToken',
    summary: 'a router gives each token its number of loops at once (mixture of recursions, token choice)',
    paper: 'Bae et al. 2025, arXiv 2507.10524',
    needs: 'model.loops >= 2',
    objective: 'routed',
    table: {
      state: 'h = e, depth, its probability',
      injection: 'e comes back in the last loop',
      depth: "the router's choice, at most fixed",
      gradient: 'all',
      halting: 'a router before the first loop, kept in balance by a loss',
      kv: 'a slot a loop of the tokens that compute it, or the first for all',
      cost: '1 (tokens left out cost in training)',
    },
    schema: morTokenOptions,
    make: morToken,
  },
  {
    id: 'parallelLoop',
    summary: 'a loop reads the loop before at the token before, so that loops can run side by side in decoding',
    paper: 'Wu et al. 2025, arXiv 2510.24824',
    needs: 'nothing; 2 loops advised',
    objective: 'lastLoop',
    table: {
      state: 'h',
      injection: "e + the previous token's h",
      depth: 'fixed',
      gradient: 'all',
      halting: 'none',
      kv: 'the first loop for all, and a window of the own, gated',
      cost: '1 + a second attention a loop',
    },
    schema: parallelLoopOptions,
    make: parallelLoop,
  },
  {
    id: 'coconut',
    summary: 'written steps of reasoning give way, stage by stage, to latent positions that read the state before them',
    paper: 'Hao et al. 2024, arXiv 2412.06769',
    needs: 'a task with written chains; model.loops >= 1 + thoughts * maxStage',
    objective: 'lastLoop',
    table: {
      state: 'h at every position',
      injection: "latent positions read the previous token's h",
      depth: 'one pass a latent position and one more',
      gradient: 'all',
      halting: 'none',
      kv: 'a slot a pass',
      cost: '1',
    },
    schema: coconutOptions,
    make: coconut,
  },
  {
    id: 'hrm',
    summary: 'a slow and a fast state in nested cycles, each with layers of its own, carried over updates',
    paper: 'Wang et al. 2025, arXiv 2506.21734',
    needs: 'a task whose answer can be told right or wrong at each position',
    objective: 'halting',
    table: {
      state: 'H and L, fixed vectors',
      injection: 'e added to H + L',
      depth: 'a segment an update, at most model.loops a row',
      gradient: 'the last step of each state in a segment',
      halting: 'a head a token for stopping and going on, Q-learning',
      kv: 'a slot a step',
      cost: 'the parameters of two cores; a segment more to look ahead',
    },
    schema: hrmOptions,
    make: hrm,
  },
  {
    id: 'trm',
    summary: 'one small network updates a latent and an answer in turn, carried over updates',
    paper: 'Jolicoeur-Martineau 2025, arXiv 2510.04871',
    needs: 'a task whose answer can be told right or wrong at each position',
    objective: 'halting',
    table: {
      state: 'answer and latent, fixed vectors',
      injection: 'e added to answer + latent',
      depth: 'a segment an update, at most model.loops a row',
      gradient: 'the last recursion of a segment',
      halting: 'a head a token, whether the answer is right',
      kv: 'a slot a step',
      cost: 'cycles (lowCycles + 1) core calls a segment, a third of them with gradient',
    },
    schema: trmOptions,
    make: trm,
  },
  {
    id: 'eqr',
    summary: 'the tiny recursive model, damped and noisy, read from the random start that settles best',
    paper: 'Huang et al. 2026, arXiv 2605.21488',
    needs: 'a task whose answer can be told right or wrong at each position',
    objective: 'halting',
    table: {
      state: 'answer and latent, random',
      injection: 'e added to answer + latent',
      depth: 'a segment an update, at most model.loops a row',
      gradient: 'the last recursion of a segment',
      halting: 'a head a token, whether the answer is right',
      kv: 'a slot a step',
      cost: 'as trm; evaluation times breadth',
    },
    schema: eqrOptions,
    make: eqr,
  },
  {
    id: 'deq',
    summary: 'the fixed point of one step, found by a solver and differentiated implicitly',
    paper: 'Bai et al. 2019, arXiv 1909.01377',
    needs: 'enough loops to converge; 30 in the paper',
    objective: 'jacobianPenalty',
    table: {
      state: 'h = 0',
      injection: 'h + e',
      depth: 'fixed evaluations of a solver',
      gradient: 'of the fixed point: implicit or phantom',
      halting: 'none trained; the residual in generation',
      kv: 'a slot an evaluation',
      cost: 'evaluations without gradient, one with; 13 iterations backward',
    },
    schema: deqOptions,
    make: deq,
  },
  {
    id: 'pondering',
    summary: 'adds the expected embedding of its prediction to the input and passes again',
    paper: 'Zeng et al. 2025, arXiv 2505.20674',
    needs: 'no prelude and coda',
    objective: 'lastLoop',
    table: {
      state: 'input and h',
      injection: 'input + softmax(logits) E',
      depth: 'fixed',
      gradient: 'all',
      halting: 'none',
      kv: 'a slot a loop',
      cost: '1 + two products with the vocabulary a loop',
    },
    schema: ponderingOptions,
    make: pondering,
  },
  {
    id: 'thinkAtHard',
    summary: 'hard tokens pass again as a mixture of their likeliest answers, through an adapted model',
    paper: 'Fu et al. 2025, arXiv 2511.08577',
    needs: 'no prelude and coda; 2 loops advised',
    objective: 'everyLoop',
    table: {
      state: 'h and summed logits',
      injection: 'mixture of the likeliest embeddings instead of e',
      depth: "an oracle's in training, at most fixed",
      gradient: 'all; in the second stage the decider alone',
      halting: 'a decider a token, taught by what the oracle did',
      kv: 'the slots of all loops so far',
      cost: '1 + two products with the vocabulary a loop',
    },
    schema: thinkAtHardOptions,
    make: thinkAtHard,
  },
];

/** The strategy `id` with these options. Throws a `ConfigError` if there is none or the options are wrong. */
export function strategyById(id: string, options: Readonly<Record<string, unknown>> = {}): Strategy {
  const kind = strategies.find((s) => s.id === id);
  if (kind) return kind.make(options);
  const known = strategies.map((s) => s.id);
  const near = nearest(id, known);
  throw new ConfigError(
    `there is no strategy '${id}'; ${near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`}`,
  );
}
