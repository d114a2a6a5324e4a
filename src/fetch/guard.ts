import { lookup as lookupAll } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import type { Clock } from '../clock.ts'
import { inTime, unlessAborted } from '../deadlines.ts'
import { CrewError } from '../errors.ts'
import { canonicalAddress } from './address.ts'
import { brokenConnection, type Fetch } from './fetch.ts'
import { type HostRule, isInRange, isNamed, parseHostRule } from './hosts.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** All addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>

/** Keeps what is done for a model away from hosts that are not public, unless they are declared. */
export interface Guard {
  /**
   * The addresses that the host has, all of them checked: to be connected to, without asking for the name again. Rejects
   * with `request-rejected` when one of them is not public and not declared, and with `connection` when there is none.
   */
  check(url: URL): Promise<readonly string[]>
  /** Whether the team file names the host as one of its own, so that http without encryption will do. */
  isOwn(url: URL): boolean
}

/** @param hosts `permissions.hosts`; the schema has seen to it that they can be read */
export function createGuard(hosts: readonly string[] = [], lookup: Lookup = lookUp): Guard {
  const rules = hosts.flatMap(text => parseHostRule(text) ?? [])
  return {
    async check(url) {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const addresses = isIP(host)
        ? [host]
        : await lookup(host).catch(cause => Promise.reject(brokenConnection(url, cause)))
      if (addresses.length === 0) throw new CrewError('connection', `${url.hostname} has no address`)
      for (const address of addresses) {
        const problem = problemOf(address, { rules, url })
        if (problem !== undefined) throw refused(url, address, problem)
      }
      return addresses
    },
    isOwn: url =>
      isNamed(rules, url) || isInRange(rules, meant(url.hostname.replace(/^\[|\]$/g, '')) ?? NOWHERE),
  }
}

const NOWHERE = ipaddr.parse('0.0.0.0')

/**
 * `fetch` behind a guard: asks for the name, checks what it hears, and connects to that very address. Redirects are not
 * followed here either.
 */
export function guardedFetch(fetch: Fetch, guard: Guard, clock: Clock): Fetch {
  return async (address, init) => {
    const url = canonicalAddress(address)
    const { total } = init.deadlines
    const began = clock.uptime()
    const late = () => new CrewError('timeout', `${url.host} could not be looked up in time`)
    const addresses = await unlessAborted(inTime(clock, total, guard.check(url), late), init.signal)
    const left = Math.max(1, total - (clock.uptime() - began))
    return fetch(url.href, { ...init, addresses, deadlines: { ...init.deadlines, total: left } })
  }
}

async function lookUp(name: string): Promise<string[]> {
  return (await lookupAll(name, { all: true })).map(({ address }) => address)
}

/** Ranges of an own network that a name under `permissions.hosts` opens. The others need their address or range. */
const OWN = ['loopback', 'private', 'uniqueLocal', 'carrierGradeNat', 'own']

const WORDS: Readonly<Record<string, string>> = {
  loopback: 'an address of this machine',
  own: 'an address of this machine',
  private: 'an address of a private network',
  uniqueLocal: 'an address of a private network',
  carrierGradeNat: "an address of the provider's own network",
  linkLocal: 'an address of the own link, where cloud machines keep their credentials',
  metadata: 'where cloud machines keep their credentials',
  unknown: 'no address',
}

/** Why a request to `url` may not go to `address`; undefined when it may. */
function problemOf(
  address: string,
  { rules, url }: { readonly rules: readonly HostRule[]; readonly url: URL },
): string | undefined {
  const parsed = meant(address)
  const kind = parsed ? kindOf(parsed) : 'unknown'
  if (kind === 'public') return undefined
  if (parsed && isInRange(rules, parsed)) return undefined
  const isLiteral = isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0
  if (parsed && isNamed(rules, url) && (isLiteral || OWN.includes(kind))) return undefined
  return WORDS[kind] ?? 'not a public address'
}

/** The address that packets end up at: one of version 4 may be written inside of one of version 6. */
function meant(text: string): Address | undefined {
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.process(text)
  if (!(address instanceof ipaddr.IPv6)) return address
  return address.match(NAT64, 96) ? ipaddr.fromByteArray(address.toByteArray().slice(12)) : address
}

const NAT64 = ipaddr.IPv6.parse('64:ff9b::')
const GLOBAL = ipaddr.IPv6.parse('2000::')
/** Public by its range, and yet served by the machine's own cloud. */
const METADATA = ['168.63.129.16']

function kindOf(address: Address): string {
  const range = address.range()
  if (range !== 'unicast') return range
  if (address instanceof ipaddr.IPv6 && !address.match(GLOBAL, 3)) return 'reserved'
  const text = address.toString()
  if (METADATA.includes(text)) return 'metadata'
  return ownAddresses().has(text) ? 'own' : 'public'
}

function ownAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return new Set(all.flatMap(({ address }) => meant(address)?.toString() ?? []))
}

function refused(url: URL, address: string, problem: string): CrewError {
  const { hostname, host } = url
  const leads =
    hostname.replace(/^\[|\]$/g, '') === address ? `${hostname} is` : `${hostname} leads to ${address},`
  return new CrewError('request-rejected', `${leads} ${problem}: nothing was sent`, {
    hint: `if the team may go there, declare it: permissions: { hosts: ["${host}"] }`,
  })
}
