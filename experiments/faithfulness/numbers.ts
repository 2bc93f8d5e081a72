// What the README of the faithfulness study states.
import type { NumbersOf } from '../numbers.ts';

const numbers: readonly NumbersOf[] = [
  { quantity: 'held-out accuracy', table: 'summary', by: [], value: 'accuracy' },
  { quantity: 'agreement of loops', table: 'agreement-agreement', by: ['i', 'j'], value: 'share' },
  { quantity: 'decided by loop', table: 'agreement-decided', by: ['loop'], value: 'share' },
  { quantity: 'decided in a loop', table: 'agreement-decided', by: ['loop'], value: 'newly' },
  { quantity: 'right, of those decided in a loop', table: 'agreement-decided', by: ['loop'], value: 'accuracyOfNewly' },
  { quantity: 'first loop a step can be read off', table: 'alignment-steps', by: ['step'], value: 'firstLoop' },
  { quantity: 'how well a step can be read off', table: 'alignment-steps', by: ['step'], value: 'best' },
  { quantity: 'alignment score', table: 'alignment-score', by: ['measure'], value: 'value' },
  { quantity: 'alignment score of shuffled steps', table: 'alignment-score', by: ['measure'], value: 'nullMean' },
  {
    ...{ quantity: 'answer follows the patched step', table: 'interchange-interchange', value: 'follows' },
    ...{ where: { site: 'step' }, by: ['step', 'loop'] },
  },
  {
    ...{ quantity: 'answer follows the patched answer place', table: 'interchange-interchange', value: 'follows' },
    ...{ where: { site: 'answer' }, by: ['loop'] },
  },
  ...[
    ['the model answer read off at the answer', 'accuracy'],
    ['the same on the control task', 'control'],
    ['selectivity of that', 'selectivity'],
  ].map(([quantity = '', value = '']) => ({
    ...{ quantity, table: 'probes-probes', value },
    ...{ where: { target: 'model answer', site: 'answer' }, by: ['loop'] },
  })),
  {
    ...{
      quantity: 'the model answer read off by logistic regression',
      table: 'logistic/probes-probes',
      value: 'accuracy',
    },
    ...{ where: { target: 'model answer', site: 'answer' }, by: ['loop'] },
  },
  {
    ...{ quantity: 'the answer read off between layers', table: 'layers/probes-layers', value: 'accuracy' },
    ...{ where: { target: 'answer', site: 'answer' }, by: ['computed'] },
  },
  { quantity: 'held-out accuracy of 2 layers and 4 loops', table: 'layers/runs', by: [], value: 'accuracy' },
  {
    ...{ quantity: 'share of the commonest answer', table: 'probes-probes', value: 'majority' },
    ...{ where: { target: 'model answer', site: 'answer', loop: 8 }, by: [] },
  },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((step) => ({
    ...{ quantity: 'selectivity where a step is read off at its own place', table: 'probes-probes' },
    ...{ where: { target: `value ${step}`, site: `step ${step}`, loop: 8 }, by: [], value: 'selectivity' },
  })),
  {
    ...{ quantity: 'relative step of the state', table: 'geometry-movement', value: 'value' },
    ...{ where: { quantity: 'relative step' }, by: ['loop'] },
  },
  {
    ...{ quantity: 'entropy of the prediction, nats', table: 'geometry-movement', value: 'value' },
    ...{ where: { quantity: 'entropy' }, by: ['loop'] },
  },
];
export default numbers;
