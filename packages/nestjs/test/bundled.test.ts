import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const packages = fileURLToPath(new URL('../..', import.meta.url));

/** Health asks for Terminus and the connection for the event emitter, and neither of them is installed. */
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

/** Bundles leave Nest where it is, which takes a bundler most of the time and is not what is tried here. */
const EXTERNAL = ['@nestjs/common', '@nestjs/core', 'rxjs'];

/** A project with the built package, and Nest without what is optional. */
async function project(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const modules = join(home, 'node_modules');
  await mkdir(join(modules, '@frameio-auth'), { recursive: true });
  await mkdir(join(modules, '@nestjs'));
  // A copy, because a link would lead back to the packages of its own folder, where the optional ones are.
  for (const part of ['package.json', 'dist']) {
    await cp(join(packages, 'nestjs', part), join(modules, '@frameio-auth/nestjs', part), { recursive: true });
  }
  await symlink(join(packages, 'core'), join(modules, '@frameio-auth/core'));
  const nest = join(packages, 'nestjs/node_modules');
  for (const name of ['@nestjs/common', '@nestjs/core', 'rxjs']) await symlink(join(nest, name), join(modules, name));
  await writeFile(join(home, 'package.json'), '{ "type": "module" }');
  await writeFile(join(home, 'main.js'), APPLICATION);
  return home;
}

async function expectToRun(home: string, bundle: string): Promise<void> {
  const { stdout } = await run(process.execPath, [bundle], { cwd: home });
  expect(stdout).toBe('up token.fictional\n');
}

test('esbuild bundles an application without the optional packages', async () => {
  const home = await project();
  const { build } = await import('esbuild');
  const { errors } = await build({
    absWorkingDir: home,
    entryPoints: ['main.js'],
    outfile: 'out/main.mjs',
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: EXTERNAL,
    logLevel: 'silent',
  });
  expect(errors).toEqual([]);
  await expectToRun(home, 'out/main.mjs');
});

test('webpack bundles an application without the optional packages', async () => {
  const home = await project();
  const { default: webpack } = await import('webpack');
  const compiler = webpack({
    context: home,
    entry: './main.js',
    target: 'node',
    mode: 'none',
    externalsType: 'module',
    externals: EXTERNAL,
    output: { path: join(home, 'out'), filename: 'main.mjs', module: true, chunkFormat: 'module' },
    experiments: { outputModule: true },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([]);
  await expectToRun(home, 'out/main.mjs');
});

test('ncc bundles an application without the optional packages', async () => {
  const home = await project();
  const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js');
  const external = EXTERNAL.flatMap((name) => ['-e', name]);
  await run(process.execPath, [cli, 'build', 'main.js', '-o', 'out', '--no-cache', '-q', ...external], { cwd: home });
  const [bundle = ''] = (await readdir(join(home, 'out'))).filter((name) => /^index\.m?js$/.test(name));
  await expectToRun(home, join('out', bundle));
});
