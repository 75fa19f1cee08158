import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

/** A Nest application in CommonJS, as compiled. */
const APPLICATION = `
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { FrameioAuthModule, getFrameioAuthToken } = require('@frameio-auth/nestjs');

class AppModule {}
Module({ imports: [FrameioAuthModule.forRoot({ flow: 'static', token: 'token.fictional' })] })(AppModule);

NestFactory.createApplicationContext(AppModule, { logger: false }).then(async (app) => {
  console.log(await app.get(getFrameioAuthToken(), { strict: false }).getToken());
  await app.close();
});
`;

const packages = fileURLToPath(new URL('../..', import.meta.url));

test('an application in CommonJS requires the built package, on Nest 11, which is in CommonJS too', async () => {
  const home = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const modules = join(home, 'node_modules');
  await mkdir(join(modules, '@frameio-auth'), { recursive: true });
  // A copy, because a link would lead back to the Nest of its own folder.
  for (const part of ['package.json', 'dist']) {
    await cp(join(packages, 'nestjs', part), join(modules, '@frameio-auth/nestjs', part), { recursive: true });
  }
  await symlink(join(packages, 'core'), join(modules, '@frameio-auth/core'));
  const nest = join(packages, 'nestjs/test/nest-11/node_modules');
  for (const name of ['@nestjs', 'rxjs']) await symlink(join(nest, name), join(modules, name));
  await writeFile(join(home, 'main.cjs'), APPLICATION);

  const { stdout } = await promisify(execFile)(process.execPath, ['main.cjs'], { cwd: home });
  expect(stdout).toBe('token.fictional\n');
});
