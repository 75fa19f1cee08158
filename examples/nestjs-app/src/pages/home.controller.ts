import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { html } from './html.js';
import { page } from './layout.js';

@Controller()
@ApiExcludeController()
export class HomeController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  home(): string {
    return page(
      'Review Portal',
      html`<p>See what Frame.io knows of you.</p>
<p><a class="button" href="/profile">Sign in with Adobe</a></p>`,
    );
  }
}
