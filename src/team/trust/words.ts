import { isObject, type Json } from '../../json.ts'
import { parseUrl } from '../../url.ts'

/** ` with NAME=VALUE`: what a program is given besides its arguments. */
export function withEnvironment(env: Json | undefined): string {
  const all = Object.entries(isObject(env) ? env : {}).map(([name, value]) => `${name}=${String(value)}`)
  return all.length > 0 ? ` with ${all.join(', ')}` : ''
}

export function stringsIn(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((word: Json) => typeof word === 'string') : []
}

/** `POST https://… gets TOKEN`: who is talked to, and which secrets go there. */
export function addressSays(
  method: string,
  address: string,
  variables: readonly string[],
  connection?: Json | undefined,
): string {
  const through = typeof connection === 'string' ? ` through connection ${connection}` : ''
  return `${[method, address].filter(Boolean).join(' ')}${trueHost(address)}${through}${variables.length > 0 ? `, sends ${variables.join(', ')}` : ''}`
}

/** Whether a request does nothing but read, so that rehearsals make it. */
export function httpPurity(effects: Json | undefined, method: Json): boolean {
  return effects === undefined || effects === null ? method === 'GET' : effects === 'pure'
}

/** The host that an address really leads to, where it is made to look like another. */
function trueHost(address: string): string {
  const url = parseUrl(address)
  if (!url) return ''
  const { host, username } = url
  const isPlain = username === '' && address.slice(address.indexOf('//') + 2).startsWith(host)
  return isPlain ? '' : ` (that is ${host})`
}
