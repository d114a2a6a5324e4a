import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import * as z from 'zod'
import { parseUrl } from '../url.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** One line of `permissions.hosts`. */
export type HostRule =
  /** By the name or address that a request is made to. */
  | { readonly host: string; readonly port: string | undefined }
  /** By the last parts of a name: those below it, not itself. */
  | { readonly suffix: string; readonly port: string | undefined }
  /** By the address that it leads to, whatever its name. */
  | { readonly range: readonly [Address, number] }

const GRAMMAR = 'host, host:port, *.domain, *.domain:port or a range of addresses like 10.0.0.0/8'

/** Undefined when the text is no such line. */
export function parseHostRule(text: string): HostRule | undefined {
  if (text.includes('/')) return parseRange(text)
  const bare = isIP(text) === 6 ? `[${text}]` : text
  const [, star, name = '', port] =
    /^(\*\.)?(\[[0-9a-f:.]+\]|[^:*[\]@?#\\\s]+)(?::(\d{1,5}))?$/i.exec(bare) ?? []
  const host = parseUrl(`http://${name}`)?.hostname.replace(/\.$/, '')
  if (!host || Number(port ?? 0) > 65_535) return undefined
  return star ? { suffix: `.${host}`, port } : { host, port }
}

function parseRange(text: string): HostRule | undefined {
  const [address = ''] = text.split('/')
  if (isIP(address) === 0 || !ipaddr.isValidCIDR(text)) return undefined
  return { range: ipaddr.parseCIDR(text) }
}

export const hostRules = z
  .array(
    z
      .string()
      .max(300)
      .refine(text => parseHostRule(text) !== undefined, `this is no host; write ${GRAMMAR}`),
  )
  .describe(`Hosts of the own network that may be reached, although they are not public: ${GRAMMAR}`)

/** Whether the host of an address is named. */
export function isNamed(rules: readonly HostRule[], url: URL): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return rules.some(rule => {
    if ('range' in rule) return false
    if (rule.port !== undefined && rule.port !== port) return false
    return 'host' in rule ? rule.host === url.hostname : url.hostname.endsWith(rule.suffix)
  })
}

/** Whether the address is in a range that is declared. */
export function isInRange(rules: readonly HostRule[], address: Address): boolean {
  return rules.some(rule => {
    if (!('range' in rule)) return false
    const [network, bits] = rule.range
    return network.kind() === address.kind() && address.match(network as never, bits)
  })
}
