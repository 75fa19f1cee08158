// The program of `npm start`.
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FRAMEIO_ACCOUNT, type FrameioAccount } from './account/frameio-account.js';
import { OPEN_API, setUpOpenApi } from './open-api.js';
import { openApiHeaders, pageHeaders } from './security-headers.js';
import type { Settings } from './settings.js';

async function main(): Promise<void> {
  const { port } = parseArgs({ options: { port: { type: 'string' } } }).values;
  if (port !== undefined) process.env['PORT'] = port;

  const { AppModule } = await import('./app.module.js'); // Reads the environment and a file `.env` when it is loaded.
  const isProduction = process.env['NODE_ENV'] === 'production';
  const httpsOptions = isProduction ? undefined : await selfSigned(); // In production, a proxy handles https.
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    abortOnError: false,
    ...(httpsOptions && { httpsOptions }),
  });
  app.disable('x-powered-by');
  app.use(pageHeaders);
  app.use(`/${OPEN_API}`, openApiHeaders);
  setUpOpenApi(app);
  app.enableShutdownHooks();

  const config = app.get<ConfigService<Settings, true>>(ConfigService);
  try {
    await app.listen(config.get('PORT', { infer: true }), isProduction ? '0.0.0.0' : '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const home = config.get('PUBLIC_URL', { infer: true });
  console.log(`The application is at ${home}, its OpenAPI page at ${home}/${OPEN_API}`);
  console.log(`It signs in at ${app.get<FrameioAccount>(FRAMEIO_ACCOUNT, { strict: false }).server.issuer}`);
  if (!isProduction) console.log('Browsers warn of its certificate, which was made just now: let yours go on.');
}

/** Adobe accepts only https redirect URIs, even for localhost. */
async function selfSigned(): Promise<{ key: string; cert: string }> {
  const { serverCertificate } = await import('@frameio-auth/testing');
  const { key, certificate } = await serverCertificate();
  return { key, cert: certificate };
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
