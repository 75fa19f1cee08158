import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { COOKIE } from './users/browser-users.js';

/** The path of the OpenAPI page; the document itself is at `/docs-json`. */
export const OPEN_API = 'docs';

export function setUpOpenApi(app: INestApplication): void {
  const outline = new DocumentBuilder().setTitle('Review Portal').setVersion('1').addCookieAuth(COOKIE).build();
  SwaggerModule.setup(OPEN_API, app, () => SwaggerModule.createDocument(app, outline));
}
