import { StaticTokenAuth } from '@frameio-auth/core';
import { FrameioAuthModule, FrameioHttp, FrameioSession, FrameioToken } from '@frameio-auth/nestjs';
import {
  type ArgumentMetadata,
  Controller,
  createParamDecorator,
  Get,
  Injectable,
  type PipeTransform,
  Query,
  type Type,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import { describe, expect, test } from 'vitest';
import { platforms, start } from './application.js';

const Plain = createParamDecorator(() => ' a value ');

class Page {
  @IsString() readonly of!: string;
}

/**
 * The metadata that the compiler writes for a handler's parameters before it applies decorators. Vitest's compiler does
 * not.
 */
const types =
  (...given: unknown[]): ParameterDecorator =>
  (target, name) =>
    Reflect.defineMetadata('design:paramtypes', given, target, name as string);

/** Returns a new controller for each pipe, because Nest caches what it learns about a handler. */
function controller(): Type {
  @Controller()
  class ReviewsController {
    @Get('plain')
    plain(@Plain() @types(String) value: string): string {
      return value;
    }

    @Get('token')
    token(@FrameioToken() @types(String) token: string): string {
      return token;
    }

    @Get('session')
    async session(@FrameioSession() @types(StaticTokenAuth) session: StaticTokenAuth): Promise<string> {
      return session.getToken();
    }

    @Get('http')
    http(@FrameioHttp() @types(Function) frameio: () => string): string {
      return frameio();
    }

    @Get('page')
    page(@Query() page: Page, @FrameioToken() @types(Page, String) token: string): string {
      return `${page.of} ${token}`;
    }
  }
  return ReviewsController;
}

/** What a pipe was given. */
class Looking implements PipeTransform {
  readonly seen: [unknown, ArgumentMetadata['type'], unknown][] = [];

  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    this.seen.push([value, type, data]);
    return value;
  }
}

/** A pipe that many applications have: it trims all strings in its input, and copies the rest. */
class Trimming implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value === 'string') return value.trim();
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.transform(each)]));
  }
}

describe.each(platforms)('pipes of a whole application on $platform', ({ adapter }) => {
  const connection = () =>
    FrameioAuthModule.forRoot({ flow: 'static', token: 'token.fictional', http: () => () => 'sent' });

  test.each([
    ['none', undefined],
    ['one that validates bodies and queries', new ValidationPipe({ transform: true, whitelist: true })],
    ['one that validates custom parameters', new ValidationPipe({ transform: true, validateCustomDecorators: true })],
    [
      'one that forbids what is unknown',
      new ValidationPipe({ validateCustomDecorators: true, forbidUnknownValues: true }),
    ],
    ['one that trims', new Trimming()],
  ])('leave what the parameter decorators give as it is: %s', async (_what, pipe) => {
    const { ask } = await start(adapter(), { imports: [connection()], controllers: [controller()] }, (app) => {
      if (pipe !== undefined) app.useGlobalPipes(pipe);
    });
    const answers = await Promise.all(['token', 'session', 'http', 'page?of=7'].map((path) => ask(`/${path}`)));
    expect(answers.map(({ text }) => text)).toEqual([
      'token.fictional',
      'token.fictional',
      'sent',
      '7 token.fictional',
    ]);
    expect((await ask('/page')).status).toBe(pipe instanceof ValidationPipe ? 400 : 200);
  });

  test("see the values, as of the application's own decorators", async () => {
    const pipe = new Looking();
    const { ask } = await start(adapter(), { imports: [connection()], controllers: [controller()] }, (app) =>
      app.useGlobalPipes(pipe),
    );
    for (const path of ['plain', 'token', 'session', 'http']) await ask(`/${path}`);
    expect(pipe.seen).toEqual([
      [' a value ', 'custom', undefined],
      ['token.fictional', 'custom', undefined],
      [expect.objectContaining({ getToken: expect.any(Function) }), 'custom', undefined],
      [expect.any(Function), 'custom', undefined],
    ]);
  });

  test('see them too when they are those of a controller, and are injected into', async () => {
    @Injectable()
    class Upper implements PipeTransform<unknown> {
      transform(value: unknown): unknown {
        return typeof value === 'string' ? value.toUpperCase() : value;
      }
    }
    @Controller()
    @UsePipes(Upper)
    class ReviewsController {
      @Get('token')
      token(@FrameioToken() token: string): string {
        return token;
      }
    }
    const { ask } = await start(adapter(), { imports: [connection()], controllers: [ReviewsController] });
    expect((await ask('/token')).text).toBe('TOKEN.FICTIONAL');
  });
});
