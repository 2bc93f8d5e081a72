// What the README of the faithfulness study states.
import type { NumbersOf } from '../numbers.ts';

const numbers: readonly NumbersOf[] = [
  { quantity: 'agreement of loops', table: 'agreement-agreement', by: ['i', 'j'], value: 'share' },
  { quantity: 'decided by loop', table: 'agreement-decided', by: ['loop'], value: 'share' },
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
  {
    ...{ quantity: 'the model answer read off at the answer', table: 'probes-probes', value: 'accuracy' },
    ...{ where: { target: 'model answer', site: 'answer' }, by: ['loop'] },
  },
  {
    ...{ quantity: 'relative step of the state', table: 'geometry-movement', value: 'value' },
    ...{ where: { quantity: 'relative step' }, by: ['loop'] },
  },
  {
    ...{ quantity: 'entropy of the prediction, nats', table: 'geometry-movement', value: 'value' },
    ...{ where: { quantity: 'entropy' }, by: ['loop'] },
  },
  {
    ...{ quantity: 'selectivity of that', table: 'probes-probes', value: 'selectivity' },
    ...{ where: { target: 'model answer', site: 'answer' }, by: ['loop'] },
  },
];
export default numbers;
