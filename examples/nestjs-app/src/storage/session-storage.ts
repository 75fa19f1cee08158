import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { redisStorage } from '@frameio-auth/storage-redis';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Redis } from 'ioredis';
import type { Settings } from '../settings.js';

/** A storage for records, and how to close its resources. */
interface Place {
  readonly records: TokenStorage;
  leave(): unknown;
}

/** Stores sessions, encrypted, in Redis or in files of this host. */
@Injectable()
export class SessionStorage implements OnApplicationShutdown {
  readonly tokens: TokenStorage;
  private readonly place: Place;
  private readonly logger = new Logger(SessionStorage.name);

  constructor(config: ConfigService<Settings, true>) {
    this.place = this.placeFor(config);
    this.tokens = encryptedStorage(this.place.records, this.keys(config.get('TOKEN_KEYS', { infer: true })));
  }

  /** Runs after the sessions have closed, because their module imports this one's. */
  async onApplicationShutdown(): Promise<void> {
    await this.tokens.close();
    await this.place.leave();
  }

  private placeFor(config: ConfigService<Settings, true>): Place {
    const url = config.get('REDIS_URL', { infer: true });
    if (url !== undefined) {
      const client = new Redis(url, { lazyConnect: true });
      client.on('error', ({ message }: Error) => this.logger.warn(`Redis does not answer: ${message}`));
      return { records: redisStorage({ client }), leave: () => client.disconnect() };
    }
    const directory = config.get('DATA_DIRECTORY', { infer: true });
    if (directory !== undefined) return { records: fileStorage({ directory }), leave() {} };
    const temporary = mkdtempSync(join(tmpdir(), 'review-portal-'));
    return {
      records: fileStorage({ directory: join(temporary, 'sessions') }),
      leave: () => rm(temporary, { recursive: true, force: true }),
    };
  }

  private keys(setting: string | undefined): { keys: Record<string, string | Uint8Array>; current: string } {
    if (setting === undefined) {
      this.logger.warn('TOKEN_KEYS is not set, so these sessions cannot be read after this process has ended.');
      return { keys: { 'this-run': randomBytes(32) }, current: 'this-run' };
    }
    const entries = setting.split(',').map((entry) => entry.split(':', 2) as [string, string]);
    return { keys: Object.fromEntries(entries), current: (entries[0] as [string, string])[0] };
  }
}
