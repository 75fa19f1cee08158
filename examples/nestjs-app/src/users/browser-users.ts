import { randomBytes } from 'node:crypto';
import type { FrameioUsers, FrameioVisit } from '@frameio-auth/nestjs';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Request, Response } from 'express';
import { getIronSession, type IronSession } from 'iron-session';
import type { Settings } from '../settings.js';

/** Only this host can set a cookie of such a name, and only over TLS (RFC 6265bis §4.1.3.2). */
export const COOKIE = '__Host-review-portal';

/** What the cookie of a browser says, encrypted. There is no token in it. */
interface Content {
  /** Whose tokens are whose: the key of a session. */
  user?: string;
}

/**
 * Who a request is from. Signing in with Adobe is the only login that there is: who has done so gets a cookie with the
 * key of the session. There is no table of logins beside the storage of the sessions, so instances have nothing else to
 * share.
 */
@Injectable()
export class BrowserUsers implements FrameioUsers {
  private readonly secret: string;

  constructor(config: ConfigService<Settings, true>) {
    this.secret = config.get('COOKIE_SECRET', { infer: true }) ?? randomBytes(32).toString('base64');
  }

  async identify(request: Request, context: ExecutionContext): Promise<string | undefined> {
    const { user } = await this.read(request, context.switchToHttp().getResponse());
    return user;
  }

  async admit({ key, request, response }: FrameioVisit): Promise<void> {
    const content = await this.read(request as Request, response as Response);
    content.user = key;
    await content.save();
  }

  async dismiss({ request, response }: FrameioVisit): Promise<void> {
    const content = await this.read(request as Request, response as Response);
    content.destroy();
  }

  private read(request: Request, response: Response): Promise<IronSession<Content>> {
    return getIronSession(request, response, {
      cookieName: COOKIE,
      password: this.secret,
      ttl: 14 * 24 * 60 * 60, // As long as Adobe's refresh tokens live.
      // Not `Strict`: the browser comes back from Adobe's site, and is to be known then.
      cookieOptions: { httpOnly: true, secure: true, sameSite: 'lax', path: '/' },
    });
  }
}
