// The flags that choose what computes.
import { optionalWholeNumber } from './numbers.ts';

/** `--device` and `--threads`, for every command that computes. */
export const deviceOptions = {
  device: {
    choices: ['onnx', 'cpu', 'tensorflow'],
    default: 'onnx',
    describe: 'what computes: onnx (compiled), tensorflow (eager, see looplab doctor), cpu (reference, slow)',
  },
  threads: optionalWholeNumber('threads', 'threads of one operation; all cores if not given'),
} as const;

/** The device the flags ask for, as `useDevice` takes it. */
export function deviceOf(args: { device: 'onnx' | 'cpu' | 'tensorflow'; threads: number | undefined }): {
  kind: 'onnx' | 'cpu' | 'tensorflow';
  threads?: number;
} {
  return { kind: args.device, ...(args.threads === undefined ? {} : { threads: args.threads }) };
}
