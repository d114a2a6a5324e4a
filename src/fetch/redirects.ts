import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { canonicalAddress, withoutQuery } from './address.ts'
import type { Answer, Fetch, FetchInit } from './fetch.ts'

const MOST_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]
/** What may be told to whoever a server points at. Anything else may have been meant for that server alone. */
const HARMLESS = ['accept', 'accept-language', 'user-agent']

/** What a server says, and the address that said it: a redirect, where it points at something that is not gone to. */
export interface Arrival {
  readonly answer: Answer
  readonly url: URL
}

/**
 * A GET or HEAD that goes where servers point, at most five times, never from https to http; each address passes through
 * `fetch` with whatever that checks, and through `mayGo`. The deadline is one for all. Rejects with `request-rejected`
 * where a way is refused.
 */
export async function followRedirects(
  fetch: Fetch,
  clock: Clock,
  address: string,
  init: FetchInit,
  mayGo: (from: URL, to: URL) => boolean = () => true,
): Promise<Arrival> {
  const end = clock.now() + init.deadlines.total
  let url = canonicalAddress(address)
  let headers = init.headers ?? {}
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const total = Math.max(1, end - clock.now())
    const answer = await fetch(url.href, { ...init, headers, deadlines: { ...init.deadlines, total } })
    const target = REDIRECTS.includes(answer.status) ? answer.header('location') : undefined
    if (target === undefined) return { answer, url }
    const next = canonicalAddress(target, url)
    if (!mayGo(url, next)) return { answer, url }
    await drop(answer)
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new CrewError(
        'request-rejected',
        `${withoutQuery(url)} redirects from https to ${withoutQuery(next)}`,
      )
    }
    if (next.origin !== url.origin) headers = only(headers, HARMLESS)
    url = next
  }
  throw new CrewError('request-rejected', `${address} redirects more than ${MOST_REDIRECTS} times`)
}

function only(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name.toLowerCase())))
}

/** Ends an answer whose body nobody wants. */
async function drop({ body }: Answer): Promise<void> {
  for await (const _ of body) break
}
