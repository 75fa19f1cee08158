import { ServerToServerAuth } from '@frameio-auth/core';
import { FrameioAuthModule, getFrameioAuthToken, InjectFrameioAuth } from '@frameio-auth/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expect, test } from 'vitest';

@Injectable()
class Reviews {
  readonly auth: ServerToServerAuth;
  constructor(@InjectFrameioAuth() auth: ServerToServerAuth) {
    this.auth = auth;
  }
}

@Module({
  imports: [
    FrameioAuthModule.forRoot({
      flow: 'server-to-server',
      restore: 'lazy',
      clientId: 'x',
      clientSecret: 'y',
      transport: fetch,
    }),
  ],
  providers: [Reviews],
})
class App {}

test('x', async () => {
  const m = await Test.createTestingModule({ imports: [App] }).compile();
  await m.init();
  expect(m.get(Reviews).auth).toBeInstanceOf(ServerToServerAuth);
  expect(m.get(getFrameioAuthToken(), { strict: false })).toBe(m.get(Reviews).auth);
  await m.close();
});
