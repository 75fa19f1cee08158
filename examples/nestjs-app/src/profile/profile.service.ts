import { FrameioAuthError } from '@frameio-auth/core';
import { BadGatewayException, ForbiddenException, Inject, Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { FRAMEIO_ACCOUNT, type FrameioAccount } from '../account/frameio-account.js';
import type { Profile } from './profile.js';

/** The response of `GET /v4/me`. */
const ME = z.object({ data: z.object({ name: z.string(), email: z.string() }) });

/** The response of `GET /v4/accounts`; its first page has 50. */
const ACCOUNTS = z.object({ data: z.array(z.object({ id: z.string(), display_name: z.string() })) });

@Injectable()
export class ProfileService {
  private readonly logger = new Logger(ProfileService.name);

  constructor(@Inject(FRAMEIO_ACCOUNT) private readonly account: FrameioAccount) {}

  /**
   * @param frameio - the HTTP client of the user
   */
  async profileOf(frameio: typeof fetch): Promise<Profile> {
    const [{ data: me }, { data: accounts }] = await Promise.all([
      this.get(frameio, '/v4/me', ME),
      this.get(frameio, '/v4/accounts', ACCOUNTS),
    ]);
    return { name: me.name, email: me.email, accounts: accounts.map(({ id, display_name: name }) => ({ id, name })) };
  }

  private async get<Schema extends z.ZodType>(
    frameio: typeof fetch,
    path: string,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    try {
      const answer = await frameio(`${this.account.api}${path}`);
      if (answer.ok) return schema.parse(await answer.json());
      await answer.body?.cancel();
      // Even after a refresh: an Adobe account that Frame.io does not know gets 401, one without permissions gets 403.
      if (answer.status === 401 || answer.status === 403) {
        throw new ForbiddenException('Frame.io has no place for this Adobe account.');
      }
      throw new Error(`The answer has status ${answer.status}.`);
    } catch (error) {
      if (error instanceof FrameioAuthError || error instanceof ForbiddenException) throw error;
      this.logger.warn(`GET ${path}: ${error instanceof Error ? error.message : error}`);
      throw new BadGatewayException('Frame.io gives no usable answer.');
    }
  }
}
