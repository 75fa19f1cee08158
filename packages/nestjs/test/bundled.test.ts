import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const packages = fileURLToPath(new URL('../..', import.meta.url));

/** Health requires Terminus and the connection requires the event emitter; neither is installed. */
const APPLICATION = `
import { FrameioAuthHealthIndicator, FrameioAuthModule, getFrameioAuthToken } from '@frameio-auth/nestjs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class AppModule {}
Module({ imports: [FrameioAuthModule.forRoot({ flow: 'static', token: 'token.fictional' })] })(AppModule);

NestFactory.createApplicationContext(AppModule, { logger: false }).then(async (app) => {
  const { frameio } = await app.get(FrameioAuthHealthIndicator, { strict: false }).check('frameio');
  console.log(frameio.status, await app.get(getFrameioAuthToken(), { strict: false }).getToken());
  await app.close();
});
`;

/** Bundles exclude Nest, because bundling it takes most of the time and is not tested here. */
const EXTERNAL = ['@nestjs/common', '@nestjs/core', 'rxjs'];

/** A project with the built package, and Nest without what is optional. */
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
  const modules = join(home, 'node_modules');
  await mkdir(join(modules, '@frameio-auth'), { recursive: true });
  await mkdir(join(modules, '@nestjs'));
  // A copy, because a link would lead back to the packages of its own folder, which has the optional ones.
  for (const part of ['package.json', 'dist']) {
    await cp(join(packages, 'nestjs', part), join(modules, '@frameio-auth/nestjs', part), { recursive: true });
  }
  await symlink(join(packages, 'core'), join(modules, '@frameio-auth/core'));
  const nest = join(packages, 'nestjs/node_modules');
  for (const name of ['@nestjs/common', '@nestjs/core', 'rxjs']) await symlink(join(nest, name), join(modules, name));
  await writeFile(join(home, 'package.json'), '{ "type": "module" }');
  await writeFile(join(home, 'main.js'), APPLICATION);
});

afterAll(() => rm(home, { recursive: true }));

/** The bundles. */
const bundles: string[] = [];

test('esbuild bundles an application without the optional packages', async () => {
  const { build } = await import('esbuild');
  const { errors } = await build({
    absWorkingDir: home,
    entryPoints: ['main.js'],
    outfile: 'esbuild/main.mjs',
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: EXTERNAL,
    logLevel: 'silent',
  });
  expect(errors).toEqual([]);
  bundles.push('esbuild/main.mjs');
});

test('webpack bundles an application without the optional packages', async () => {
  const { default: webpack } = await import('webpack');
  const compiler = webpack({
    context: home,
    entry: './main.js',
    target: 'node',
    mode: 'none',
    externalsType: 'module',
    externals: EXTERNAL,
    output: { path: join(home, 'webpack'), filename: 'main.mjs', module: true, chunkFormat: 'module' },
    experiments: { outputModule: true },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([]);
  bundles.push('webpack/main.mjs');
});

test('ncc bundles an application without the optional packages', async () => {
  const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js');
  // It uses webpack internally, which has core in its bundle above.
  const external = [...EXTERNAL, '@frameio-auth/core'].flatMap((name) => ['-e', name]);
  await run(process.execPath, [cli, 'build', 'main.js', '-o', 'ncc', '--no-cache', '-q', ...external], { cwd: home });
  const [bundle = ''] = (await readdir(join(home, 'ncc'))).filter((name) => /^index\.m?js$/.test(name));
  bundles.push(`ncc/${bundle}`);
});

test('each of the bundles runs', async () => {
  // One after the other in one process, because loading Nest is the slowest part.
  const imports = bundles.map((bundle) => `await import('./${bundle}');`);
  await writeFile(join(home, 'all.js'), imports.join('\n'));
  const { stdout } = await run(process.execPath, ['all.js'], { cwd: home });
  expect(bundles).toHaveLength(3);
  expect(stdout).toBe('up token.fictional\n'.repeat(3));
});
