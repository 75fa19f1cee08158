import { appendFile, cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { capture } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';
import { type Manifest, manifestOf } from '../packages.ts';

/** A file, or lines of one, that a page of the documentation shows. */
interface ShownFile {
  readonly file: string;
  readonly code: string;
}

/** How long a command may take, in milliseconds: only one that hangs is stopped. */
const TIMEOUT = 1_800_000;

/** What `nest build -b swc` and the README need, and `nest new` does not install. */
const SWC = { '@swc/cli': '*', '@swc/core': '*', '@swc/jest': '*' };

/** Starts the local server and the application in one process, on a free port, and prints what the front page answers. */
const VISIT = `
import { Server } from 'node:net';
process.loadEnvFile('.env');
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

/** What the front page answers with the token of the application, and what to a user who has not signed in. */
const GREETING = /^200 Hello Nightly Ingest!$/;
const SIGN_IN = /^401 .*"signIn":"\/auth\/frameio\/login"/;

/**
 * Follows docs/guide/nestjs.md and the Jest settings of the package's README, in applications that `nest new` creates: on
 * Nest 11 and 12, in CommonJS and ESM, with the packed packages.
 */
export async function followNestGuide(context: GateContext): Promise<GateResult> {
  const { root, nodes } = context;
  const guide = await readFile(join(root, 'docs/guide/nestjs.md'), 'utf8');
  const readme = await readFile(join(root, 'packages/nestjs/README.md'), 'utf8');
  const [service = '', users = ''] = guide.split(/^## (?=Users)/m);
  const [flag, transform] = filesIn(readme).filter(({ file }) => file === 'package.json');
  const [oldest = process.execPath, newest = process.execPath] = [nodes[0]?.path, nodes.at(-1)?.path];
  if (flag === undefined || transform === undefined) return 'packages/nestjs/README.md lacks the settings for Jest.';

  const applications: Record<string, () => Promise<void>> = {
    async 'Nest 11'() {
      const application = await Application.create(context, 'nest-11');
      await application.write(filesIn(service));
      await application.compile('node_modules/typescript/bin/tsc');
      await application.visit(oldest, GREETING);
      await application.test(oldest, JSON.parse(transform.code));
      await application.test(newest, JSON.parse(flag.code));
      await application.write(filesIn(users));
      await application.compileWithSwc();
      await application.visit(newest, SIGN_IN);
    },
    async 'Nest 12 in CommonJS'() {
      const application = await Application.create(context, 'nest-12', 'cjs');
      await application.write(filesIn(service));
      await application.test(newest);
      await application.write(filesIn(users));
      // The compiler of this repository needs a tenth of the time.
      await application.compile(join(root, 'node_modules/typescript/bin/tsc'));
      await application.visit(oldest, SIGN_IN);
    },
    async 'Nest 12 in ESM'() {
      const application = await Application.create(context, 'nest-12', 'esm');
      await application.write(filesIn(service));
      await application.test(oldest);
      await application.compileWithSwc();
      await application.visit(newest, GREETING);
    },
  };
  const problems: string[] = [];
  for (const [name, follow] of Object.entries(applications)) {
    await follow().catch((error) =>
      problems.push(`${name}: ${error instanceof Problem ? error.message : error.stack}`),
    );
  }
  return problems.join('\n');
}

class Problem extends Error {}

class Application {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  #manifest: Manifest;

  private constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
  }

  /**
   * Creates an application in the folder with the installed packages.
   *
   * @param line - the package of packages/nestjs/test with the dependencies of this line of Nest
   * @param type - the module system; Nest 11 does not ask for it
   */
  static async create({ root, scratch, env }: GateContext, line: string, type?: string): Promise<Application> {
    const installed = join(scratch, 'application');
    const home = join(installed, [line, type].join('-'));
    const dependencies = join(root, 'packages/nestjs/test', line, 'node_modules');
    // Jest writes what it compiled to the folder for temporary files.
    const application = new Application(home, { ...env, TMPDIR: scratch, TEMP: scratch });
    const link = async (name: string) => {
      const path = join(home, 'node_modules', name);
      await mkdir(dirname(path), { recursive: true });
      await symlink(join(dependencies, name), path, 'junction');
    };
    await link('.bin');
    await link('@nestjs/schematics');
    // `nest new` takes the module system only from a terminal, so this runs the schematics that it runs.
    const { resolve } = createRequire(join(await realpath(join(dependencies, '@nestjs/cli')), 'package.json'));
    const schematics = resolve('@angular-devkit/schematics-cli/bin/schematics.js');
    const options = ['--name=review-portal', '--directory=.', '--package-manager=npm', '--language=ts'];
    if (type !== undefined) options.push(`--type=${type}`);
    await application.#run(process.execPath, schematics, '@nestjs/schematics:application', ...options);
    const manifest = await manifestOf(home);
    application.#manifest = manifest;
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...SWC };
    for (const [name, range] of Object.entries<string>(wanted)) {
      const installed = await manifestOf(join(dependencies, name)).catch(() => undefined);
      if (installed === undefined || name === '@nestjs/schematics') continue;
      if (range !== '*' && majorOf(installed.version) !== majorOf(range)) {
        throw new Problem(`\`nest new\` needs ${name}@${range}: install it in packages/nestjs/test/${line}.`);
      }
      await link(name);
    }
    // A copy, so that it finds the Nest of this application. The other packages do not import Nest.
    const adapter = join('node_modules', '@frameio-auth', 'nestjs');
    await cp(join(installed, adapter), join(home, adapter), { recursive: true });
    await writeFile(join(home, 'visit.mjs'), VISIT);
    await application.#replace('src/app.controller.ts', 'getHello(): string', 'getHello(): Promise<string>');
    await application.#replace('src/main.ts', 'AppModule);', 'AppModule);\n  app.enableShutdownHooks();');
    return application;
  }

  /** Writes the files of a part of the guide. As the guide says, imports in CommonJS lack `.js`. */
  async write(files: readonly ShownFile[]): Promise<void> {
    for (const { file, code } of files) {
      const isModule = this.#manifest.type === 'module';
      const text = isModule ? code : code.replace(/(?<= from '\.{1,2}\/[^']+)\.js(?=';)/g, '');
      await writeFile(join(this.#home, file), text);
    }
    if (files.some(({ file }) => file === 'frameio.mjs')) {
      await this.#replace('frameio.mjs', 'port: 4000', 'port: 0');
      await appendFile(join(this.#home, 'frameio.mjs'), 'process.env.FRAMEIO_LOCAL = origin;\n');
    } else {
      await Promise.all(['service', 'controller.spec'].map((part) => rm(join(this.#home, 'src', `app.${part}.ts`))));
    }
  }

  /** @param lines - of package.json */
  async test(node: string, lines: { scripts?: object; jest?: object } = {}): Promise<void> {
    const { scripts, jest } = this.#manifest;
    const changed = { ...this.#manifest, scripts: { ...scripts, ...lines.scripts } };
    if (lines.jest !== undefined) changed.jest = { ...jest, ...lines.jest };
    await writeFile(join(this.#home, 'package.json'), JSON.stringify(changed));
    const output = await this.#run(node, '--run', 'test');
    if (!/Tests:? +1 passed/.test(output)) throw new Problem(`No test ran.\n${output}`);
  }

  async compile(tsc: string): Promise<void> {
    await this.#run(process.execPath, tsc, '-p', 'tsconfig.build.json');
  }

  async compileWithSwc(): Promise<void> {
    await this.#run(process.execPath, '--run', 'build', '--', '-b', 'swc');
  }

  /** Starts the compiled application, and requests its front page. */
  async visit(node: string, expected: RegExp): Promise<void> {
    const output = await this.#run(node, 'visit.mjs');
    const answer = output.trimEnd().split('\n').at(-1) ?? '';
    if (!expected.test(answer)) throw new Problem(`The front page does not answer ${expected}:\n${output}`);
  }

  async #run(node: string, ...args: string[]): Promise<string> {
    const env = { ...this.#env, PATH: [dirname(node), this.#env['PATH']].join(delimiter) };
    const { code, output } = await capture(node, args, { cwd: this.#home, env, timeout: TIMEOUT });
    if (code !== 0) throw new Problem(`\`${node} ${args.join(' ')}\` ended with code ${code}.\n${output}`);
    return output;
  }

  async #replace(file: string, before: string, after: string): Promise<void> {
    const text = await readFile(join(this.#home, file), 'utf8');
    if (!text.includes(before)) throw new Problem(`${file} lacks \`${before}\`.`);
    await writeFile(join(this.#home, file), text.replace(before, after));
  }
}

function majorOf(version: string): string | undefined {
  return /\d+/.exec(version)?.[0];
}

/** Returns the files that a page shows: each fence after a paragraph that names a file in backticks. */
export function filesIn(page: string): ShownFile[] {
  const files = [];
  for (const [, paragraph = '', code = ''] of page.matchAll(/((?:^.+\n)+)\n^```\w+\n([\s\S]*?)^```$/gm)) {
    const names = [...paragraph.matchAll(/`([\w./-]*\.(?:env|json|mjs|ts))`/g)].map(([, name = '']) => name);
    const file = names.at(-1);
    if (file !== undefined) files.push({ file, code });
  }
  return files;
}
