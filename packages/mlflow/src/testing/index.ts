// @looplab/mlflow/testing: a stand-in for a server, for tests of other packages.
export { type FakeServer, fakeServer, type Mishap } from './fakeServer.ts';
