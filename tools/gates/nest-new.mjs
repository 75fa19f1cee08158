import { appendFile, cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { capture } from '../child.mjs';
import { manifestOf, toolFile } from '../workspace.mjs';

/** @typedef {import('../gates.mjs').Workshop} Workshop */
/** @typedef {{ file: string, code: string }} Shown a file, or lines of one, that a page of the documentation shows */

/** How long a command may take, in milliseconds: many times what it needs. */
const LONGEST = 1_800_000;

/** What `nest build -b swc` and the README ask for and `nest new` does not install. */
const SWC = { '@swc/cli': '*', '@swc/core': '*', '@swc/jest': '*' };

/** Starts the local server and the application in one process, asks for the front page, and prints the answer. */
const VISIT = `
import { Server } from 'node:net';
process.loadEnvFile('.env');
// Any free port, because the one that \`nest new\` writes may be taken.
process.env.PORT = '0';
await import('./frameio.mjs');
const { listen } = Server.prototype;
const port = new Promise((resolve) => {
  Server.prototype.listen = function (...args) {
    return listen.apply(this.once('listening', () => resolve(this.address().port)), args);
  };
});
await import('./dist/main.js');
const response = await fetch('http://localhost:' + (await port));
process.stdout.write(response.status + ' ' + (await response.text()) + '\\n', () => process.exit());
`;

/** What the front page answers: with the token of the application, and to a user that is not signed in. */
const GREETING = /^200 Hello Nightly Ingest!$/;
const SIGN_IN = /^401 .*"signIn":"\/auth\/frameio\/login"/;

/**
 * Follows docs/guide/nestjs.md, and the lines for Jest of the package's README, in applications that `nest new` makes: on both
 * lines of Nest, in both module systems, with the packed packages. What is written into them is read from these pages.
 *
 * @param {Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function followNestGuide(workshop) {
  const { root, nodes, toolchain } = workshop;
  const guide = await readFile(join(root, 'docs', 'guide', 'nestjs.md'), 'utf8');
  const readme = await readFile(join(root, 'packages', 'nestjs', 'README.md'), 'utf8');
  const [service = '', users = ''] = guide.split(/^## (?=Users)/m);
  const [flag, transform] = filesOf(readme).filter(({ file }) => file === 'package.json');
  const [oldest, newest] = [nodes[0]?.path ?? toolchain.node, nodes.at(-1)?.path ?? toolchain.node];
  if (flag === undefined || transform === undefined)
    return { faults: 'packages/nestjs/README.md lacks lines for Jest.' };

  /** @type {Record<string, () => Promise<void>>} */
  const ways = {
    async 'Nest 11'() {
      const application = await make(workshop, 'nest-11');
      await application.write(filesOf(service));
      await application.compile();
      await application.visit(oldest, GREETING);
      await application.test(oldest, JSON.parse(transform.code));
      await application.test(newest, JSON.parse(flag.code));
      await application.write(filesOf(users));
      await application.compileBySwc();
      await application.visit(newest, SIGN_IN);
    },
    async 'Nest 12 in CommonJS'() {
      const application = await make(workshop, 'nest-12', 'cjs');
      await application.write(filesOf(service));
      await application.test(newest);
      await application.write(filesOf(users));
      await application.compile(await toolFile(root, 'tsc'));
      await application.visit(oldest, SIGN_IN);
    },
    async 'Nest 12 in ESM'() {
      const application = await make(workshop, 'nest-12', 'esm');
      await application.write(filesOf(service));
      await application.test(oldest);
      await application.compileBySwc();
      await application.visit(newest, GREETING);
    },
  };
  /** @type {string[]} */
  const faults = [];
  for (const [name, follow] of Object.entries(ways)) {
    await follow().catch((error) => faults.push(`${name}: ${error instanceof Fault ? error.message : error.stack}`));
  }
  return { faults: faults.join('\n') };
}

class Fault extends Error {}

/**
 * Makes an application in the folder where the packed packages are installed.
 *
 * @param {Workshop} workshop
 * @param {string} line the package of packages/nestjs/test that has what its line of Nest needs
 * @param {string} [type] what `nest new` asks in a terminal: the module system
 */
async function make({ root, scratch, toolchain }, line, type) {
  const visitor = join(scratch, 'visitor');
  const home = join(visitor, [line, type].join('-'));
  const modules = join(home, 'node_modules');
  const tools = join(root, 'packages', 'nestjs', 'test', line, 'node_modules');

  /**
   * @param {string} node
   * @param {string[]} args
   */
  const run = async (node, args) => {
    const PATH = [dirname(node), toolchain.env['PATH']].join(delimiter);
    // Jest leaves what it compiled in the folder for temporary files.
    const env = { ...toolchain.env, PATH, TMPDIR: scratch, TEMP: scratch };
    const { code, output } = await capture(node, args, { cwd: home, env, timeout: LONGEST });
    if (code !== 0) throw new Fault(`\`${node} ${args.join(' ')}\` ended with code ${code}.\n${output}`);
    return output;
  };
  /** @param {string} entry */
  const link = async (entry) => {
    await mkdir(dirname(join(modules, entry)), { recursive: true });
    await symlink(join(tools, entry), join(modules, entry), 'junction');
  };

  await link('.bin');
  // The collection of schematics is looked for in the folder where the application comes to be.
  await link('@nestjs/schematics');
  const cli = await realpath(join(tools, '@nestjs/cli'));
  // What `nest new` runs, which itself takes the answer from a terminal alone.
  const { resolve } = createRequire(join(cli, 'package.json'));
  const schematics = resolve('@angular-devkit/schematics-cli/bin/schematics.js');
  const args = ['--name=review-portal', '--directory=.', '--package-manager=npm', '--language=ts'];
  if (type !== undefined) args.push(`--type=${type}`);
  await run(toolchain.node, [schematics, '@nestjs/schematics:application', ...args]);
  const manifest = await manifestOf(home);
  for (const [dependency, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...SWC })) {
    const its = await manifestOf(join(tools, dependency));
    if (its === undefined || dependency === '@nestjs/schematics') continue;
    if (range !== '*' && majorOf(its.version) !== majorOf(range)) {
      throw new Fault(`\`nest new\` asks for ${dependency}@${range}: install it in packages/nestjs/test/${line}.`);
    }
    await link(dependency);
  }
  // A copy, because it must find the Nest of this application; the other packages know nothing of Nest.
  const adapter = join('@frameio-auth', 'nestjs');
  await cp(join(visitor, 'node_modules', adapter), join(modules, adapter), { recursive: true });
  await writeFile(join(home, 'visit.mjs'), VISIT);
  await replace(join(home, 'src', 'app.controller.ts'), 'getHello(): string', 'getHello(): Promise<string>');
  await replace(join(home, 'src', 'main.ts'), 'AppModule);', 'AppModule);\n  app.enableShutdownHooks();');

  return {
    /**
     * Writes the files of a part of the guide. Imports in CommonJS lack `.js`, as the guide says.
     *
     * @param {Shown[]} part
     */
    async write(part) {
      for (const { file, code } of part) {
        const text = manifest.type === 'module' ? code : code.replace(/(?<= from '\.{1,2}\/[^']+)\.js(?=';)/g, '');
        await writeFile(join(home, file), text);
      }
      if (part.some(({ file }) => file === 'frameio.mjs')) {
        await replace(join(home, 'frameio.mjs'), 'port: 4000', 'port: 0');
        await appendFile(join(home, 'frameio.mjs'), 'process.env.FRAMEIO_LOCAL = origin;\n');
      } else {
        await Promise.all(['service', 'controller.spec'].map((old) => rm(join(home, 'src', `app.${old}.ts`))));
      }
    },

    /**
     * Runs the script `test`.
     *
     * @param {string} node
     * @param {{ scripts?: object, jest?: object }} [lines] of package.json
     */
    async test(node, lines = {}) {
      const changed = { ...manifest, scripts: { ...manifest.scripts, ...lines.scripts } };
      if (lines.jest !== undefined) changed.jest = { ...manifest.jest, ...lines.jest };
      await writeFile(join(home, 'package.json'), JSON.stringify(changed));
      const output = await run(node, ['--run', 'test']);
      if (!/Tests:? +1 passed/.test(output)) throw new Fault(`No test was run.\n${output}`);
    },

    /** @param {string} [tsc] default: the application's own. That of this repository takes a tenth of the time */
    async compile(tsc = 'node_modules/typescript/bin/tsc') {
      await run(toolchain.node, [tsc, '-p', 'tsconfig.build.json']);
    },

    async compileBySwc() {
      await run(toolchain.node, ['--run', 'build', '--', '-b', 'swc']);
    },

    /**
     * Starts what was built, and asks for the front page.
     *
     * @param {string} node
     * @param {RegExp} expected
     */
    async visit(node, expected) {
      const output = await run(node, ['visit.mjs']);
      const answer = output.trimEnd().split('\n').at(-1) ?? '';
      if (!expected.test(answer)) throw new Fault(`The answer is not ${expected}:\n${output}`);
    },
  };
}

/** @param {string} version */
function majorOf(version) {
  return /\d+/.exec(version)?.[0];
}

/**
 * @param {string} path
 * @param {string} before
 * @param {string} after
 */
async function replace(path, before, after) {
  const text = await readFile(path, 'utf8');
  if (!text.includes(before)) throw new Fault(`${path} does not have \`${before}\`.`);
  await writeFile(path, text.replace(before, after));
}

/**
 * The files that a page shows: each fence that follows a paragraph that names one, in backticks.
 *
 * @param {string} page
 * @returns {Shown[]}
 */
export function filesOf(page) {
  const files = [];
  for (const [, paragraph = '', code = ''] of page.matchAll(/((?:^.+\n)+)\n^```\w+\n([\s\S]*?)^```$/gm)) {
    const names = [...paragraph.matchAll(/`([\w./-]*\.(?:env|json|mjs|ts))`/g)].map(([, name = '']) => name);
    const file = names.at(-1);
    if (file !== undefined) files.push({ file, code });
  }
  return files;
}
