import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findRedisServer, RedisNotFoundError, redisServerProgram, startRedis } from '../../redis/index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-program-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Creates a program in the folder that does nothing. */
async function program(name: string, mode = 0o755): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, mode);
  return path;
}

describe('the Redis server of a machine', () => {
  it('is the one that REDIS_SERVER names, by its path or as a command', async () => {
    await program('redis-server');
    const other = await program('another-server');

    expect(findRedisServer({ PATH: folder, REDIS_SERVER: other })).toBe(other);
    expect(findRedisServer({ PATH: folder, REDIS_SERVER: 'another-server' })).toBe(other);
  });

  it('is redis-server before valkey-server', async () => {
    const valkey = await program('valkey-server');
    expect(findRedisServer({ PATH: `/nowhere:${folder}` })).toBe(valkey);

    const redis = await program('redis-server');
    expect(findRedisServer({ PATH: `/nowhere:${folder}`, REDIS_SERVER: '' })).toBe(redis);
  });

  it('is no file that cannot be run', async () => {
    await program('redis-server', 0o644);

    expect(findRedisServer({ PATH: folder })).toBeUndefined();
  });
});

describe('a machine without a Redis server', () => {
  it('is told in one sentence what to install, or which variable names it', () => {
    expect(findRedisServer({ PATH: folder })).toBeUndefined();
    expect(() => redisServerProgram({ PATH: folder })).toThrow(
      new RedisNotFoundError(
        'No Redis server is on this machine: install redis-server or valkey-server (7.0 or newer), or name the program in the environment variable REDIS_SERVER.',
      ),
    );
  });

  it.each(['/nowhere/redis-server', 'no-such-server'])('is told that REDIS_SERVER=%s names nothing', (wish) => {
    const error = new RedisNotFoundError(`REDIS_SERVER names ${wish}, which is no program on this machine.`);

    expect(() => findRedisServer({ PATH: folder, REDIS_SERVER: wish })).toThrow(error);
    expect(() => redisServerProgram({ PATH: folder, REDIS_SERVER: wish })).toThrow(error);
  });

  it('is told when what REDIS_SERVER names is something else', async () => {
    const path = await program('redis-server');
    vi.stubEnv('REDIS_SERVER', path);

    await expect(startRedis()).rejects.toThrow(`${path} is no Redis server: it does not say its version.`);
  });
});
