// The program that launchers are tried with: `node launcherProgram.mjs FOLDER NAME WHAT WORDS`; says in FOLDER/NAME what happened to it.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, name, what, words] = process.argv.slice(2);
const say = (line) => {
  appendFileSync(join(folder, name), `${line}\n`);
  console.log(line);
};
say(`pid ${process.pid}`);
say(`${what} ${words}`);
const forever = () => setInterval(() => {}, 1000);
switch (what) {
  case 'end':
    say('ended');
    break;
  case 'fail':
    process.exit(42);
    break;
  case 'save':
    process.on('SIGTERM', () => {
      say('saved');
      process.exit(143);
    });
    forever();
    break;
  case 'stay':
    process.on('SIGTERM', () => say('no'));
    forever();
    break;
  default:
    console.error('what?');
}
