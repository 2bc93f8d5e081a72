// @looplab/conformance: what every recurrence strategy must do, as tests that anybody can run on their own.
export { type Check, checks } from './checks.ts';
export { strategyConformance } from './strategyConformance.ts';
export { type Subject, type SubjectOptions, subject } from './subject.ts';
