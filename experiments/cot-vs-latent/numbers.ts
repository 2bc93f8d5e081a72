// What the README of the study of chain of thought against latent loops states.
import type { NumbersOf } from '../numbers.ts';

const latent = { where: { variant: 'latent' } };
const cost = { table: 'cotBaseline-cost', by: ['way', 'loops'], ...latent };
const straight = { table: 'cotBaseline-cost', where: { variant: 'direct', way: 'latent' }, by: ['loops'] };

const numbers: readonly NumbersOf[] = [
  { quantity: 'accuracy of the whole word', ...cost, value: 'accuracy' },
  { quantity: 'accuracy of the whole word', ...straight, value: 'accuracy' },
  { quantity: 'symbols of an answer', ...cost, value: 'tokens' },
  { quantity: 'FLOPs of an answer', ...cost, value: 'flops' },
  { quantity: 'milliseconds of an answer', ...cost, value: 'milliseconds' },
  { quantity: 'milliseconds of an answer', ...straight, value: 'milliseconds' },
  { quantity: 'accuracy at every place', table: 'summary', by: ['variant'], value: 'accuracy' },
  ...(['tokensSaved', 'flopsRatio', 'millisecondsRatio', 'latentAccuracy'] as const).map((value) => ({
    ...{ quantity: `at equal accuracy: ${value}`, table: 'cotBaseline-equalAccuracy', by: ['loops'], ...latent, value },
  })),
  {
    quantity: 'the writer',
    table: 'cotBaseline-written',
    where: { variant: 'written' },
    by: ['measure'],
    value: 'value',
  },
  {
    ...{ quantity: 'faithfulness of the written chain', table: 'cotBaseline-faithfulness' },
    ...{ where: { variant: 'written' }, by: ['measure'], value: 'value' },
  },
  {
    ...{ quantity: 'same answer after tampering', table: 'cotBaseline-interventions' },
    ...{ where: { variant: 'written' }, by: ['intervention', 'steps'], value: 'same' },
  },
  {
    ...{ quantity: 'answer read off the writer', table: 'cotBaseline-probe' },
    ...{ where: { variant: 'written', loop: 1 }, by: ['step'], value: 'accuracy' },
  },
  {
    ...{ quantity: 'latent answer follows the patched step', table: 'interchange-interchange' },
    ...{ where: { variant: 'latent', site: 'step' }, by: ['step', 'loop'], value: 'follows' },
  },
  {
    ...{ quantity: 'latent: first loop a step can be read off', table: 'alignment-steps' },
    ...{ ...latent, by: ['step'], value: 'firstLoop' },
  },
  {
    ...{ quantity: 'latent: alignment score', table: 'alignment-score' },
    ...{ ...latent, by: ['measure'], value: 'value' },
  },
  {
    ...{ quantity: 'CKA with the states of the writer', table: 'alignment-ckaWriter' },
    ...{ ...latent, by: ['site', 'step', 'loop'], value: 'cka' },
  },
  {
    ...{ quantity: 'CKA of two loops at the answer', table: 'alignment-ckaLoops' },
    ...{ ...latent, by: ['i', 'j'], value: 'cka' },
  },
  {
    ...{ quantity: 'accuracy at every place', table: 'summary', value: 'accuracy', by: [] },
    compare: { between: 'variant', pairs: [['latent', 'direct']] },
  },
];
export default numbers;
