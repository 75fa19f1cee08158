// Writes what is made from the statechart of @frameio-auth/core, which must be built, as must the inspector: its page and
// picture in docs, its layout for the viewer, and the machine as plain code. With `--check` it writes nothing, and ends
// with code 1 when a file is not what it would write.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { writeGenerated } from './generated-file.mjs';
import { layOut } from './statechart/layout.mjs';
import { pageOf } from './statechart/page.mjs';
import { pictureOf } from './statechart/picture.mjs';
import { codeOf, outlineOf } from './statechart/plain-machine.mjs';

const ROOT = new URL('../', import.meta.url);

/** @type {typeof import('../packages/core/src/machine.js')} */
const { initialSnapshot, sessionMachine } = await import(new URL('packages/core/dist/machine.js', ROOT).href);
/** @type {typeof import('../packages/inspector/src/chart.js')} */
const { sessionChart } = await import(new URL('packages/inspector/dist/chart.js', ROOT).href);

const plans = await layOut(sessionChart);
const { context } = initialSnapshot({
  renewal: 'refresh_token',
  refreshBuffer: 300_000,
  onStorageUnavailable: 'fail',
});

const files = {
  'docs/reference/statechart.md': formatted(
    'docs/reference/statechart.md',
    pageOf(sessionChart, plans.wide.connections.length),
  ),
  'docs/reference/statechart.svg': pictureOf(plans.wide, sessionChart),
  'docs/reference/session-machine.js': formatted(
    'docs/reference/session-machine.js',
    codeOf(sessionMachine.root, context),
  ),
  'packages/inspector/viewer/statechart.json': formatted('statechart.json', JSON.stringify(plans)),
};

for (const [name, content] of Object.entries(files)) {
  await writeGenerated(name, content, 'the states and transitions');
}

/** @type {{ sessionMachine: import('xstate').AnyStateMachine }} */
const plain = await import(new URL('docs/reference/session-machine.js', ROOT).href);
if (outlineOf(plain.sessionMachine.root) !== outlineOf(sessionMachine.root)) {
  console.error('docs/reference/session-machine.js is not the machine that it is made from.');
  process.exitCode = 1;
}

/**
 * @param {string} name
 * @param {string} content
 */
function formatted(name, content) {
  const biome = fileURLToPath(new URL('node_modules/@biomejs/biome/bin/biome', ROOT));
  const { stdout, stderr, status } = spawnSync(process.execPath, [biome, 'format', `--stdin-file-path=${name}`], {
    cwd: fileURLToPath(ROOT),
    input: content,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Biome cannot format ${name}: ${stderr}`);
  return stdout;
}
