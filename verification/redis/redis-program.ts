import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Says that this machine has no Redis server, and what to do. */
export class RedisNotFoundError extends Error {
  override readonly name = 'RedisNotFoundError';
}

/** The version that a server program reports. */
export interface RedisVersion {
  readonly vendor: 'redis' | 'valkey';
  /** For example `7.0.15`. */
  readonly version: string;
}

/** The variables that locate the program: `PATH`, and `REDIS_SERVER`, a path or the name of a command. */
export interface RedisEnvironment {
  readonly PATH?: string | undefined;
  readonly REDIS_SERVER?: string | undefined;
}

/**
 * Finds a Redis server program on this machine: the one that the environment variable `REDIS_SERVER` names, or else
 * `redis-server`, or else `valkey-server` on the PATH.
 *
 * @param environment - default: that of this process
 * @returns its path; `undefined` if there is none
 * @throws RedisNotFoundError if `REDIS_SERVER` names no program
 */
export function findRedisServer(environment: RedisEnvironment = process.env): string | undefined {
  const { PATH = '', REDIS_SERVER: wish = '' } = environment;
  if (wish === '') return onPath('redis-server', PATH) ?? onPath('valkey-server', PATH);
  const path = wish.includes('/') ? resolve(wish) : onPath(wish, PATH);
  if (path !== undefined && isProgram(path)) return path;
  throw new RedisNotFoundError(`REDIS_SERVER names ${wish}, which is no program on this machine.`);
}

/**
 * Returns the Redis server program of this machine, which `startRedis` and similar functions run.
 *
 * @param environment - default: that of this process
 * @returns its path
 * @throws RedisNotFoundError if there is none, or if `REDIS_SERVER` names no program
 */
export function redisServerProgram(environment?: RedisEnvironment): string {
  const path = findRedisServer(environment);
  if (path !== undefined) return path;
  throw new RedisNotFoundError(
    'No Redis server is on this machine: install redis-server or valkey-server (7.0 or newer), or name the program in the environment variable REDIS_SERVER.',
  );
}

/**
 * Queries the version of a program.
 *
 * @throws RedisNotFoundError if it is not a Redis server
 */
export async function versionOf(program: string): Promise<RedisVersion> {
  const { stdout } = await promisify(execFile)(program, ['--version']).catch(() => ({ stdout: '' }));
  const [, vendor, version] = /^(redis|valkey) server v=(\S+)/i.exec(stdout) ?? [];
  if (vendor === undefined || version === undefined) {
    throw new RedisNotFoundError(`${program} is no Redis server: it does not say its version.`);
  }
  return { vendor: vendor.toLowerCase() === 'valkey' ? 'valkey' : 'redis', version };
}

function onPath(command: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder, command))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
