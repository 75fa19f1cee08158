// `npm test`: runs the gates, all of them or those that are named, and ends with the line `N passed, N failed`.
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters, styleText } from 'node:util';
import { capture, forwardSignals, problemsOf, shell } from './child.mjs';
import { CommandError, lastLines, reportingErrors } from './command-error.mjs';
import { checkChangesets } from './gates/changesets.ts';
import { runExamples } from './gates/examples.ts';
import { checkHygiene } from './gates/hygiene.ts';
import { checkManifests } from './gates/manifests.ts';
import { followNestGuide } from './gates/nest-guide.ts';
import { checkPublishedFiles } from './gates/published-files.ts';
import { checkReadmeCode } from './gates/readme-code.ts';
import { checkSecurityChecklist } from './gates/security-checklist.ts';
import { runOnSupportedNodes } from './gates/supported-nodes.ts';
import { installTarballs, packPackages, runTwoCores } from './gates/tarballs.ts';
import { runTests } from './gates/tests.ts';
import { checkTypes } from './gates/types.ts';
import { build } from './installation.mjs';
import { ensurePrograms, type ProgramName } from './programs.mjs';
import { elapsed, step } from './progress.mjs';
import { ensureNodes, type NodeProgram } from './toolchain.mjs';

export interface GateContext {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The Nodes that the packages are tested on, the oldest first; empty if no chosen gate needs them. */
  readonly nodes: readonly NodeProgram[];
  /** A temporary folder that the gates share. */
  readonly scratch: string;
}

/** The problems that a gate found: an empty string if it passes. A gate that runs tests counts them. */
export type GateResult = string | { readonly problems: string; readonly passed: number; readonly failed: number };

interface Gate {
  readonly name: string;
  /** The gate that must pass before this one runs. */
  readonly needs?: string;
  readonly needsNodes?: boolean;
  readonly programs?: readonly ProgramName[];
  readonly run: (context: GateContext) => Promise<GateResult>;
}

/** Two gates run at the same time, in this order: the quickest to fail come first. */
const GATES: readonly Gate[] = [
  { name: 'build', run: async ({ root, env }) => problemsOf(await build(root, env)) },
  { name: 'hygiene', run: ({ root }) => checkHygiene(root) },
  { name: 'manifests', run: ({ root }) => checkManifests(root) },
  { name: 'changesets', run: ({ root }) => checkChangesets(root) },
  { name: 'security checklist', run: ({ root }) => checkSecurityChecklist(root) },
  { name: 'format and lint', run: tool('biome', 'check', '--error-on-warnings', '--max-diagnostics=20') },
  { name: 'types', needs: 'build', run: checkTypes },
  { name: 'unused code', run: tool('knip', '--no-progress') },
  { name: 'pack', needs: 'build', run: packPackages },
  { name: 'tests', needs: 'build', programs: ['redis', 'chromium'], run: runTests },
  { name: 'installation', needs: 'pack', run: installTarballs },
  { name: 'published files', needs: 'pack', run: checkPublishedFiles },
  {
    name: 'supported Nodes',
    needs: 'installation',
    needsNodes: true,
    programs: ['redis'],
    run: runOnSupportedNodes,
  },
  { name: 'NestJS guide', needs: 'installation', needsNodes: true, run: followNestGuide },
  { name: 'two copies of core', needs: 'installation', run: runTwoCores },
  { name: 'examples', needs: 'build', programs: ['redis'], run: runExamples },
  { name: 'code in READMEs', needs: 'build', run: checkReadmeCode },
  { name: 'generated files', needs: 'build', run: tool('node', 'tools/generate.ts', '--check') },
];

const CONCURRENCY = 2;

/** How long a tool may take, in milliseconds: only one that hangs is stopped. */
const TIMEOUT = 3_600_000;

async function runGates(root: string, names: readonly string[]): Promise<number> {
  const known = GATES.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new CommandError(`There is no gate "${unknown}": ${known.join(', ')}.`);
  const chosen = withNeeds(names.length === 0 ? known : names);
  await ensurePrograms([...new Set(chosen.flatMap(({ programs = [] }) => programs))], process.env, step);
  const nodes = chosen.some(({ needsNodes }) => needsNodes) ? await ensureNodes(root, step) : [];

  const { FORCE_COLOR, ...env } = process.env;
  const temporary = await temporaryFolder();
  // Hundreds of processes load the same modules, which Node compiles only once with this cache.
  Object.assign(env, { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), TMPDIR: temporary, NO_COLOR: '1' });
  const context: GateContext = { root, env, nodes, scratch: await mkdtemp(join(temporary, 'frameio-auth-')) };
  const count = { passed: 0, failed: 0 };
  const results = new Map<string, Promise<boolean>>();
  const lane = async () => {
    for (let gate = chosen.shift(); gate !== undefined; gate = chosen.shift()) {
      const result = runGate(gate, context, results, count);
      results.set(gate.name, result);
      await result;
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  } finally {
    await rm(context.scratch, { recursive: true, force: true });
  }
  process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 ? 0 : 1;
}

/** Returns the gates of these names and the gates that they need, in order. */
function withNeeds(names: readonly string[]): Gate[] {
  const chosen = GATES.filter(({ name }) => names.includes(name));
  const needed = chosen.flatMap(({ needs }) => (needs === undefined || names.includes(needs) ? [] : [needs]));
  return needed.length === 0 ? chosen : withNeeds([...names, ...needed]);
}

/** Linux's file system in memory (`TMPFS_MAGIC`), and how much must be free there, in bytes. */
const MEMORY = { folder: '/dev/shm', type: 0x0102_1994, free: 2 ** 30 };

/** Returns the folder for temporary files: in memory if possible, because no gate tests a loss of power. */
async function temporaryFolder(): Promise<string> {
  const { type, bavail, bsize } = await statfs(MEMORY.folder).catch(() => ({ type: 0, bavail: 0, bsize: 0 }));
  return type === MEMORY.type && bavail * bsize >= MEMORY.free ? MEMORY.folder : tmpdir();
}

async function runGate(
  { name, needs, run }: Gate,
  context: GateContext,
  results: ReadonlyMap<string, Promise<boolean>>,
  count: { passed: number; failed: number },
): Promise<boolean> {
  const isReady = needs === undefined || (await results.get(needs));
  const start = performance.now();
  const result = isReady ? await run(context) : `It cannot run without "${needs}".`;
  const { problems, passed, failed } = typeof result === 'string' ? { problems: result, passed: 0, failed: 0 } : result;
  const isPassed = problems === '' && failed === 0;
  count.passed += passed + (isPassed ? 1 : 0);
  count.failed += isPassed ? 0 : Math.max(failed, 1);
  const tests = passed + failed > 0 ? `, ${passed} of ${passed + failed} tests passed` : '';
  const word = isPassed ? styleText('green', 'passed') : styleText('red', 'failed');
  process.stdout.write(`${word}  ${name}  ${styleText('dim', `${elapsed(start)}${tests}`)}\n`);
  if (!isPassed) {
    process.stdout.write(`${stripVTControlCharacters(lastLines(problems, 120)).replace(/^(?=.)/gm, '    ')}\n`);
  }
  return isPassed;
}

/** A gate that runs a command of an npm package. */
function tool(name: string, ...args: string[]): Gate['run'] {
  return async ({ root, env }) => problemsOf(await capture(name, args, { cwd: root, env, timeout: TIMEOUT, shell }));
}

forwardSignals();
const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await reportingErrors(() => runGates(root, process.argv.slice(2)));
