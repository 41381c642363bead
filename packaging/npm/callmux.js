#!/usr/bin/env node
// Starts callmux, which the package of this platform brought: with our stdin, stdout and stderr, our signals, and
// its end as ours.
'use strict';

const { spawn } = require('node:child_process');
const os = require('node:os');

const name = `@callmux/${process.platform}-${process.arch}`;
// sysexits.h: EX_UNAVAILABLE.
const UNAVAILABLE = 69;

function fail(what, remedy) {
  process.stderr.write(`callmux: ${what}\n${remedy}\n`);
  process.exit(UNAVAILABLE);
}

function find() {
  try {
    return require.resolve(`${name}/bin/callmux`);
  } catch {
    const known = Object.keys(require('../package.json').optionalDependencies ?? {});
    if (!known.includes(name)) {
      const all = known.map((one) => one.replace('@callmux/', '')).join(', ');
      return fail(
        `there is no package for ${process.platform}-${process.arch}; there are those for ${all}`,
        'Build it with `cargo install --locked callmux`, or on Windows install it in WSL 2.',
      );
    }
    return fail(
      `${name} is not installed, although this platform has it`,
      'npm leaves it out with --omit=optional, with a lock file of another platform, and where libc is not glibc ' +
        '(Alpine):\ninstall again without those (`npm install --include=optional callmux`), or build it with ' +
        '`cargo install --locked callmux`.',
    );
  }
}

const program = find();
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  fail(`${program} does not start: ${error.message}`, `Install it again: \`npm install callmux\`.`);
});
// A terminal sends its signals to both of us; to end before the child would take its terminal away.
const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'];
for (const signal of passedOn) {
  process.on(signal, () => {
    const isOfTerminal = ['SIGINT', 'SIGQUIT', 'SIGWINCH'].includes(signal) && process.stdin.isTTY;
    if (!isOfTerminal) child.kill(signal);
  });
}
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  for (const one of passedOn) process.removeAllListeners(one);
  process.kill(process.pid, signal);
  // A signal that does not end us, and whatever has no other number: as a shell has it.
  setTimeout(() => process.exit(128 + (os.constants.signals[signal] ?? 0)), 100);
});
