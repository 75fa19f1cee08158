import { randomBytes } from 'node:crypto';
import type { FrameioUsers, FrameioVisit } from '@frameio-auth/nestjs';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Request, Response } from 'express';
import { getIronSession, type IronSession } from 'iron-session';
import type { Settings } from '../settings.js';

/** Only this host can set a cookie with such a name, and only over TLS (RFC 6265bis §4.1.3.2). */
export const COOKIE = '__Host-review-portal';

/** The encrypted contents of a browser's cookie. It contains no token. */
interface Content {
  /** The key of the session that the tokens belong to. */
  user?: string;
}

/**
 * Identifies the user of a request. Signing in with Adobe is the only login: afterwards, a cookie contains the key of
 * the session. There is no table of logins besides the session storage, so instances share nothing else.
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
      ttl: 14 * 24 * 60 * 60, // The lifetime of Adobe's refresh tokens.
      // Not `Strict`, because the browser must be recognized when it returns from Adobe's site.
      cookieOptions: { httpOnly: true, secure: true, sameSite: 'lax', path: '/' },
    });
  }
}
