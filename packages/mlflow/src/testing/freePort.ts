// A port of this machine that nothing listens on.
import { createServer } from 'node:net';

/** Asks the system for one; it is free until somebody else takes it. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      server.close(() => (typeof bound === 'object' && bound ? done(bound.port) : fail(new Error('no port'))));
    });
  });
}
