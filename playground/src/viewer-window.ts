import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { LocalInspector } from '@frameio-auth/inspector';

/** The paths of the viewer that are shown through the window; its page has another name here. */
const PAGE = '/sessions';
const PATHS = /^\/(?:events|machine\.json|viewer\/.*)$/;

/**
 * The viewer, as a part of the playground's page. It lets itself be framed by no page, and its cookie is for its own
 * address; so its answers are fetched here, by one of its own links, and handed on with the headers of the playground.
 */
export class ViewerWindow {
  readonly #origin: string;
  readonly #cookie: string;

  private constructor(origin: string, cookie: string) {
    this.#origin = origin;
    this.#cookie = cookie;
  }

  static async open(viewer: LocalInspector): Promise<ViewerWindow> {
    const link = await viewer.url();
    const answer = await fetch(link);
    await answer.body?.cancel();
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    return new ViewerWindow(new URL(link).origin, cookie);
  }

  /** Whether a path is the viewer's. */
  shows(path: string): boolean {
    return path === PAGE || PATHS.test(path);
  }

  /** Hands the viewer's answer on; an event stream for as long as somebody reads it. */
  show(path: string, response: ServerResponse): void {
    const headers = { cookie: this.#cookie };
    const asked = request(this.#origin + (path === PAGE ? '/' : path), { headers }, (answer: IncomingMessage) => {
      const type = answer.headers['content-type'];
      response.writeHead(answer.statusCode ?? 502, type === undefined ? {} : { 'content-type': type });
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    asked.once('error', () => response.destroy());
    response.once('close', () => asked.destroy());
    asked.end();
  }
}
