// The same in Nest: `npm run start:nest`. In your own application, list the module among the `imports` of another.
import 'reflect-metadata';
import { localInspector } from '@frameio-auth/inspector';
import { FrameioAuthModule, getFrameioAuthToken } from '@frameio-auth/nestjs';
import { NestFactory } from '@nestjs/core';
import { account, leave, stay } from './surroundings.ts';

const inspector = localInspector();
const module = FrameioAuthModule.forRoot({ flow: 'server-to-server', ...account, inspect: inspector });
const app = await NestFactory.createApplicationContext(module);

await stay(inspector, () => app.get(getFrameioAuthToken()).refresh());
await app.close();
await inspector.close();
await leave();
