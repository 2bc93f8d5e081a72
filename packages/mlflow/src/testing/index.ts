// @looplab/mlflow/testing: a stand-in for a server and run folders made up for it, for tests of other packages.
export { type FakeServer, fakeServer, type Mishap } from './fakeServer.ts';
export { freePort } from './freePort.ts';
export { appendLines, expectedPoints, metricLines, readBack, setStatus, writeRun } from './runFolders.ts';
