import { FrameioAuthGuard, FrameioHttp } from '@frameio-auth/nestjs';
import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import {
  ApiBadGatewayResponse,
  ApiCookieAuth,
  ApiExcludeEndpoint,
  ApiForbiddenResponse,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { html } from '../pages/html.js';
import { page } from '../pages/layout.js';
import { SIGN_IN } from '../users/sign-in.js';
import { Profile } from './profile.js';
import { ProfileService } from './profile.service.js';

@Controller()
@UseGuards(FrameioAuthGuard)
@ApiTags('profile')
@ApiCookieAuth()
export class ProfileController {
  constructor(private readonly profiles: ProfileService) {}

  @Get('profile')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @ApiExcludeEndpoint()
  async page(@FrameioHttp() frameio: typeof fetch): Promise<string> {
    const { name, email, accounts } = await this.profiles.profileOf(frameio);
    return page(
      `Hello, ${name}`,
      html`<p>Signed in to Frame.io as ${email}.</p>
<h2>Your accounts</h2>
<ul>${accounts.map((account) => html`<li>${account.name}</li>`)}</ul>
<form method="post" action="/${SIGN_IN}/logout"><button class="button">Sign out</button></form>`,
    );
  }

  /** The same for programs, such as a page's script. */
  @Get('api/profile')
  @ApiOkResponse({ type: Profile })
  @ApiUnauthorizedResponse({ description: 'No user is signed in; `signIn` is the address to sign in at.' })
  @ApiForbiddenResponse({ description: 'Frame.io has no place for this Adobe account.' })
  @ApiBadGatewayResponse({ description: 'Frame.io, or Adobe, gives no usable answer.' })
  @ApiServiceUnavailableResponse({ description: 'No access token is available at the moment.' })
  profile(@FrameioHttp() frameio: typeof fetch): Promise<Profile> {
    return this.profiles.profileOf(frameio);
  }
}
