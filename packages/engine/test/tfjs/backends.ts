// The backends TensorFlow.js's own tests can be run against.

export interface TestBackend {
  /** Registers the backend and its kernels with the one tfjs-core instance; called after the module hooks are in place. */
  load(): Promise<void>;
  /** Whether `dataSync` works; tests that need it are only declared when it does. */
  readonly isDataSync: boolean;
}

export const backends: Readonly<Record<string, TestBackend>> = {
  cpu: {
    load: async () => void (await import('@tensorflow/tfjs-backend-cpu')),
    isDataSync: true,
  },
  onnx: {
    load: async () => {
      await import('@tensorflow/tfjs-backend-cpu'); // runs the kernels that no graph can hold
      const { changeSettings } = await import('../../src/run/settings.ts');
      changeSettings({ threads: 1, spinning: false }); // thousands of tiny programs
      (await import('../../src/trace/register.ts')).registerOnnxBackend();
    },
    isDataSync: false,
  },
};
