import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { checkChangesets } from './gates/changesets.mjs';
import { runExamples } from './gates/examples.mjs';
import { checkGeneratedFiles } from './gates/generated-files.mjs';
import { runOnLivingNodes } from './gates/living-nodes.mjs';
import { checkManifests } from './gates/manifests.mjs';
import { checkManners } from './gates/manners.mjs';
import { followNestGuide } from './gates/nest-new.mjs';
import { checkPublishedFiles } from './gates/published-files.mjs';
import { checkReadmeCode } from './gates/readme-code.mjs';
import { checkSecurityChecklist } from './gates/security-checklist.mjs';
import { importTarballs, packPackages, runTwoCores } from './gates/tarballs.mjs';
import { runUnitTests } from './gates/unit-tests.mjs';
import { bringPrograms } from './programs.mjs';
import { elapsed, paint, step, tail } from './progress.mjs';
import { bringNodes } from './toolchain.mjs';
import { Trouble } from './trouble.mjs';
import { build, runTool } from './workspace.mjs';

/**
 * @typedef {object} Workshop
 * @property {string} root
 * @property {import('./toolchain.mjs').Toolchain} toolchain
 * @property {import('./toolchain.mjs').NodeProgram[]} nodes the Nodes that gates ask for, the oldest first
 * @property {string} scratch a folder outside the repository, for what gates make and leave to each other
 */

/**
 * What a gate found: nothing to say when it is open. A gate that is many tests says how many passed and failed.
 *
 * @typedef {{ faults: string, passed?: number, failed?: number }} Verdict
 */

/**
 * @typedef {object} Gate
 * @property {string} name
 * @property {string} [needs] the gate that must run before this one
 * @property {boolean} [nodes] whether it runs on every Node that the packages are tested on
 * @property {import('./programs.mjs').ProgramName[]} [programs] what it starts that npm does not install
 * @property {(workshop: Workshop) => Promise<Verdict>} run
 */

/**
 * The gates, in rooms that are entered one after the other, the quickest to fail first. The gates of a room run two at
 * a time. In the last one the tests are one of the two for most of the time: none of them depends on the machine's pace.
 *
 * @type {Gate[][]}
 */
const ROOMS = [
  [
    { name: 'manners', run: ({ root }) => checkManners(root) },
    { name: 'manifests', run: ({ root }) => checkManifests(root) },
    { name: 'changesets', run: ({ root }) => checkChangesets(root) },
    { name: 'security checklist', run: ({ root }) => checkSecurityChecklist(root) },
    { name: 'format and lint', run: tool('biome', ['check', '--error-on-warnings', '--max-diagnostics=20']) },
    // By force, because the compiler's notes on its last run outlive a change of `lib`. In one thread, because several
    // check the same types more than once, and another gate needs the other core.
    { name: 'types and arrows', run: tool('tsc', ['-b', '--force', '--singleThreaded']) },
    { name: 'unused code', run: tool('knip', ['--no-progress']) },
  ],
  [{ name: 'build', run: async ({ root, toolchain }) => verdictOf(await build(root, toolchain)) }],
  [{ name: 'pack', needs: 'build', run: packPackages }],
  [
    { name: 'tests', needs: 'build', programs: ['redis', 'chromium'], run: runUnitTests },
    { name: 'packages install and import', needs: 'pack', run: importTarballs },
    { name: 'published files', needs: 'pack', run: checkPublishedFiles },
    {
      name: 'every living Node',
      needs: 'packages install and import',
      nodes: true,
      programs: ['redis'],
      run: runOnLivingNodes,
    },
    {
      name: 'guide of NestJS',
      needs: 'packages install and import',
      nodes: true,
      run: followNestGuide,
    },
    { name: 'two copies of core', needs: 'packages install and import', run: runTwoCores },
    { name: 'examples', needs: 'build', programs: ['redis'], run: runExamples },
    { name: 'code of the READMEs', needs: 'build', run: checkReadmeCode },
    { name: 'generated files', needs: 'build', run: checkGeneratedFiles },
  ],
];

/**
 * Runs the gates, all of them or those that are named, and ends with the line `N passed, N failed`.
 *
 * @param {string} root
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @param {string[]} names
 * @returns {Promise<number>} the exit code
 */
export async function runGates(root, toolchain, names) {
  const known = ROOMS.flat().map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Trouble(`There is no gate "${unknown}": ${known.join(', ')}.`);
  const chosen = withNeeds(names.length === 0 ? known : names);
  const started = ROOMS.flat().flatMap(({ name, programs = [] }) => (chosen.has(name) ? programs : []));
  await bringPrograms([...new Set(started)], toolchain.env, step);
  const tried = ROOMS.flat().some(({ name, nodes }) => nodes && chosen.has(name));
  const nodes = tried ? await bringNodes(root, toolchain, step) : [];

  const { FORCE_COLOR, ...env } = toolchain.env;
  const temporary = await temporaryFolder();
  const scratch = await mkdtemp(join(temporary, 'frameio-auth-'));
  // Hundreds of processes load the same modules: Node compiles each of them once.
  const compiled = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node') };
  const workshop = {
    root,
    scratch,
    nodes,
    toolchain: { ...toolchain, env: { ...env, ...compiled, TMPDIR: temporary, NO_COLOR: '1' } },
  };
  const count = { passed: 0, failed: 0 };
  /** @type {Set<string>} */
  const closed = new Set();
  try {
    for (const room of ROOMS) {
      const queue = room.filter(({ name }) => chosen.has(name));
      /** @type {Map<string, Promise<{ passed: number, failed: number }>>} */
      const begun = new Map();
      const walk = async () => {
        for (let gate = queue.shift(); gate !== undefined; gate = queue.shift()) {
          // What it needs stands before it in the queue, so that has begun, or was in a room before.
          const next = gate;
          const verdict = Promise.resolve(begun.get(gate.needs ?? '')).then(() => pass(next, workshop, closed));
          begun.set(gate.name, verdict);
          const { passed, failed } = await verdict;
          count.passed += passed;
          count.failed += failed;
        }
      };
      await Promise.all([walk(), walk()]);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 ? 0 : 1;
}

/** A file system in memory (`TMPFS_MAGIC` of Linux), and how much of it must be free for the gates, in bytes. */
const MEMORY = { folder: '/dev/shm', type: 0x0102_1994, free: 2 ** 30 };

/** Returns where gates put temporary files: in memory if possible, because none of them is about losing power. */
async function temporaryFolder() {
  const { type, bavail, bsize } = await statfs(MEMORY.folder).catch(() => ({ type: 0, bavail: 0, bsize: 0 }));
  return type === MEMORY.type && bavail * bsize >= MEMORY.free ? MEMORY.folder : tmpdir();
}

/**
 * @param {string[]} names
 * @returns {Set<string>}
 */
function withNeeds(names) {
  const needed = ROOMS.flat().flatMap(({ name, needs }) =>
    names.includes(name) && needs !== undefined ? [needs] : [],
  );
  return needed.every((name) => names.includes(name)) ? new Set(names) : withNeeds([...names, ...needed]);
}

/**
 * @param {Gate} gate
 * @param {Workshop} workshop
 * @param {Set<string>} closed the gates that failed
 */
async function pass({ name, needs, run }, workshop, closed) {
  if (needs !== undefined && closed.has(needs)) {
    process.stdout.write(`${paint('failed', 'red')}  ${name}: cannot run without "${needs}"\n`);
    closed.add(name);
    return { passed: 0, failed: 1 };
  }
  const start = performance.now();
  const { faults, passed = 0, failed = 0 } = await run(workshop);
  const open = faults === '' && failed === 0;
  if (!open) closed.add(name);
  const tests = passed + failed > 0 ? `, ${passed} of ${passed + failed} tests passed` : '';
  const word = open ? paint('passed', 'green') : paint('failed', 'red');
  process.stdout.write(`${word}  ${name}  ${paint(`${elapsed(start)}${tests}`, 'dim')}\n`);
  if (!open) process.stdout.write(`${stripVTControlCharacters(tail(faults, 120)).replace(/^(?=.)/gm, '    ')}\n`);
  return { passed: passed + (open ? 1 : 0), failed: open ? 0 : Math.max(failed, 1) };
}

/**
 * @param {import('./child.mjs').Outcome} outcome
 * @returns {Verdict}
 */
function verdictOf({ code, output }) {
  return { faults: code === 0 ? '' : output || `It ended with code ${code}.` };
}

/**
 * A gate that is one run of a tool over the repository.
 *
 * @param {Parameters<typeof runTool>[2]} name
 * @param {string[]} args
 * @returns {Gate['run']}
 */
function tool(name, args) {
  return async ({ root, toolchain }) => verdictOf(await runTool(root, toolchain, name, args));
}
