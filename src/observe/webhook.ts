import { CrewError } from '../errors.ts'
import { renderText, type Scope } from '../expressions/template.ts'
import { parseUrl } from '../url.ts'

/** An address that requests are sent to, as a team file declares it. */
interface Declared {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface Webhook {
  readonly address: string
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A webhook with its templates filled in.
 * @throws CrewError `definition` when they give no address. It begins with `trouble`, and shows the address as it was
 * declared: the path of a webhook is often a secret.
 */
export function webhookOf(
  { url, headers = {} }: Declared,
  scope: Scope,
  { trouble, hint }: { readonly trouble: string; readonly hint: string },
): Webhook {
  const address = renderText(url, scope)
  const { host, protocol } = parseUrl(address) ?? { host: '', protocol: '' }
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new CrewError('definition', `${trouble} ${url}: that gives no http or https address`, { hint })
  const filled = Object.entries(headers).map(([name, value]) => [name, renderText(value, scope)])
  return { address, host, headers: Object.fromEntries(filled) }
}
