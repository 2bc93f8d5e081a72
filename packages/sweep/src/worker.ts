// One run of a sweep in a process of its own: `node worker.ts TASK.json`. Its exit code is 42 where the same run would fail again.
import { runTask } from './runTask.ts';

process.exit(await runTask(process.argv[2] ?? ''));
