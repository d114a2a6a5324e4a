import { createServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { canonicalAddress, partsOf } from '../../src/fetch/address.ts'
import { createFetch, type Fetch, type FetchInit } from '../../src/fetch/fetch.ts'
import { createGuard, guardedFetch, type Lookup } from '../../src/fetch/guard.ts'
import { hostRules, parseHostRule } from '../../src/fetch/hosts.ts'
import { followRedirects } from '../../src/fetch/redirects.ts'
import { answer, type FaultyServer, silence, startFaultyServer } from '../helpers/faulty-server.ts'

const here: Lookup = async () => ['127.0.0.1']
const deadlines = { total: 5000 }
let server: FaultyServer
let port: string

beforeEach(async () => {
  server = await startFaultyServer()
  server.play(answer(200, 'inside'))
  port = new URL(server.url).port
})
afterEach(() => server.close())

const guarded = (hosts: readonly string[] = [], lookup = here, fetch: Fetch = createFetch(systemClock)) =>
  guardedFetch(fetch, createGuard(hosts, lookup), systemClock)

/** What a guarded request to an address that has this one comes to. */
async function outcome(address: string): Promise<string> {
  const guard = createGuard([], async () => [address])
  return guard.check(new URL('https://name.test')).then(
    () => 'passed',
    (thrown: { code: string }) => thrown.code,
  )
}

const HOSTS = `
  127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0x7f.1 0x7F.0x0.0x0.0x1 0177.0.0.1 0177.1
  017700000001 0177.0x0.0.1 127.0.0.1. 0.0.0.0 0 0x0 0.0 00000 1 0x7f.0.1 127.0x1 127.000.000.001
  [::1] [::] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [::FFFF:7F00:0001] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1]
  [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a00:1::1] [2001:0:7f00:1::] [::ffff:0:127.0.0.1] [fe80::1] [fc00::1]
  [fd00:ec2::254] [fec0::1] [ff02::1] [100::1] [2001:db8::1] [3fff::1] [5f00::1] [4000::1]
  localhost LOCALHOST localhost. localhost.localdomain ip6-localhost name.test a.b.c.nip.test
  １２７.０.０.１ 127。0。0。1 ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ①②⑦.⓪.⓪.① 127.0.0.①  %31%32%37.0.0.1 %6c%6f%63alhost loc\u00adalhost
  10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 0xa9fea9fe 2852039166 [::ffff:a9fe:a9fe] 100.64.0.1
  100.100.100.200 168.63.129.16 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
  240.0.0.1 255.255.255.255 192.88.99.1
`
  .replace('\\u00ad', '\u00ad')
  .trim()
  .split(/\s+/)

describe('a host that is not public', () => {
  it('is found out in more than eighty spellings, and never reached', async () => {
    expect(HOSTS.length).toBeGreaterThan(80)
    const fetch = guarded()
    const through: string[] = []
    for (const host of HOSTS)
      await fetch(`http://${host}:${port}/`, { deadlines }).then(
        () => through.push(host),
        ({ code }: { code: string }) => code === 'request-rejected' || through.push(`${host} ${code}`),
      )
    expect(through).toEqual([])
    expect(server.connections()).toBe(0)
  })

  test.each([
    ['a user name in front of it', () => `http://public.test@127.0.0.1:${port}/`],
    ['a user name and a password', () => `http://public.test:80@127.0.0.1:${port}/`],
    ['backslashes', () => `http:\\\\127.0.0.1:${port}\\`],
    ['one slash', () => `http:/127.0.0.1:${port}/`],
    ['no slashes', () => `http:127.0.0.1:${port}`],
    ['a line break in it', () => `http://127.0.\n0.1:${port}/`],
    ['white space around it', () => ` http://127.0.0.1:${port}/ `],
    ['another scheme', () => 'file:///etc/passwd'],
    ['a scheme of old', () => `gopher://127.0.0.1:${port}/`],
    ['no host', () => 'http:///'],
  ])('is refused with %s', async (_, address) => {
    await expect(guarded()(address(), { deadlines })).rejects.toMatchObject({ code: 'request-rejected' })
    expect(server.connections()).toBe(0)
  })

  it('is named in the refusal, with the line that would declare it', async () => {
    await expect(guarded()('http://intranet.test:8080/x?key=1', { deadlines })).rejects.toMatchObject({
      message: 'intranet.test leads to 127.0.0.1, an address of this machine: nothing was sent',
      details: {
        hint: 'if the team may go there, declare it: permissions: { hosts: ["intranet.test:8080"] }',
      },
    })
  })

  it('is refused when only one of its addresses is not public', async () => {
    const guard = createGuard([], async () => ['93.184.216.34', '2606:2800:220:1::1', '10.0.0.7'])
    await expect(guard.check(new URL('https://mixed.test'))).rejects.toMatchObject({
      code: 'request-rejected',
    })
  })

  it('is refused when what is heard of it is no address', async () => {
    expect(await outcome('nonsense')).toBe('request-rejected')
    expect(await outcome('fe80::1%eth0')).toBe('request-rejected')
  })
})

test.each([
  '93.184.216.34',
  '8.8.8.8',
  '2606:2800:220:1::1',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
  '172.32.0.1',
])('the public address %s is let through', async address => expect(await outcome(address)).toBe('passed'))

describe('a name that changes what it leads to', () => {
  it('is asked for once, and the address that was checked is the one that is connected to', async () => {
    const answers = [['93.184.216.34'], ['127.0.0.1']]
    const sent: FetchInit[] = []
    const fetch: Fetch = async (_, init) => {
      sent.push(init)
      throw new Error('sent')
    }
    const rebinding: Lookup = async () => answers.shift() ?? []
    await expect(guarded([], rebinding, fetch)('http://rebind.test', { deadlines })).rejects.toThrow('sent')
    expect(sent[0]?.addresses).toEqual(['93.184.216.34'])
    expect(answers).toEqual([['127.0.0.1']])
  })

  it('is not asked for by whoever connects: the pinned address is used', async () => {
    const response = await guarded([`no-such-name.invalid:${port}`])(`http://no-such-name.invalid:${port}/`, {
      deadlines,
    })
    expect(await response.text()).toBe('inside')
    expect(server.received[0]?.headers.host).toBe(`no-such-name.invalid:${port}`)
  })

  it('does not get a connection that was kept by somebody who was not checked', async () => {
    const fetch = createFetch(systemClock)
    await (await fetch(server.url, { deadlines })).text()
    await (await guarded([server.host], here, fetch)(server.url, { deadlines })).text()
    expect(server.connections()).toBe(2)
  })

  it('keeps its name for TLS', async () => {
    const names: string[] = []
    const tls = createServer({
      SNICallback(name, done) {
        names.push(name)
        done(new Error('enough'))
      },
    })
    tls.on('tlsClientError', () => {})
    await new Promise<void>(resolve => tls.listen(0, '127.0.0.1', resolve))
    const { port } = tls.address() as { port: number }
    const failed = guarded([`secure.test:${port}`])(`https://secure.test:${port}/`, { deadlines })
    await expect(failed).rejects.toMatchObject({ code: 'connection' })
    tls.close()
    expect(names).toEqual(['secure.test'])
  })
})

describe('a name that is not looked up', () => {
  it('in time is given up', async () => {
    const never: Lookup = () => new Promise(() => {})
    await expect(guarded([], never)('http://slow.test', { deadlines: { total: 20 } })).rejects.toMatchObject({
      code: 'timeout',
    })
  })

  it('holds nobody up who does not want it any more', async () => {
    const never: Lookup = () => new Promise(() => {})
    const { signal } = { signal: AbortSignal.abort(new Error('no more')) }
    await expect(guarded([], never)('http://slow.test', { deadlines, signal })).rejects.toThrow('no more')
  })

  it('at all is a failed connection', async () => {
    const unknown: Lookup = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    await expect(guarded([], unknown)('http://gone.test', { deadlines })).rejects.toMatchObject({
      code: 'connection',
    })
    await expect(guarded([], async () => [])('http://gone.test', { deadlines })).rejects.toMatchObject({
      code: 'connection',
    })
  })
})

describe('a declared host', () => {
  const passes = async (rule: string, address: string, leadsTo = '127.0.0.1') =>
    createGuard([rule], async () => [leadsTo])
      .check(new URL(address))
      .then(
        () => true,
        () => false,
      )

  test.each([
    ['127.0.0.1', 'http://127.0.0.1:9/', true],
    ['127.0.0.1:9', 'http://127.0.0.1:9/', true],
    ['127.0.0.1:9', 'http://127.1:9/', true],
    ['127.0.0.1:9', 'http://127.0.0.1:8/', false],
    ['127.0.0.1:9', 'http://127.0.0.2:9/', false],
    ['127.0.0.1:9', 'http://other.test:9/', false],
    ['db.internal:443', 'https://db.internal/', true],
    ['db.internal:443', 'http://db.internal/', false],
    ['DB.internal.', 'https://db.internal/', true],
    ['*.internal', 'https://a.b.internal/', true],
    ['*.internal', 'https://internal/', false],
    ['*.internal', 'https://notinternal/', false],
    ['*.internal:443', 'https://a.internal:8443/', false],
    ['localhost', 'http://localhost:1/', true],
    ['[::1]:9', 'http://[::1]:9/', true],
    ['::1', 'http://[0:0::1]:9/', true],
    ['127.0.0.0/8', 'http://any.test/', true],
    ['127.0.0.0/8', 'http://[::ffff:127.0.0.1]/', true],
    ['10.0.0.0/8', 'http://any.test/', false],
    ['::1/128', 'http://any.test/', false],
  ])('%s opens %s: %s', async (rule, address, expected) => {
    expect(await passes(rule, address)).toBe(expected)
  })

  it('by its name alone does not open what cloud machines keep for themselves', async () => {
    expect(await passes('meta.test', 'http://meta.test/', '169.254.169.254')).toBe(false)
    expect(await passes('meta.test', 'http://meta.test/', '168.63.129.16')).toBe(false)
    expect(await passes('169.254.169.254', 'http://169.254.169.254/')).toBe(true)
    expect(await passes('169.254.169.254/32', 'http://meta.test/', '169.254.169.254')).toBe(true)
  })

  test.each([
    '',
    '*',
    '*.',
    'a b',
    'host:99999',
    'host:x',
    'http://host',
    '10.0.0.0/33',
    '0x7f.0/8',
    'a/b',
    'user@host',
  ])('cannot be written as "%s"', text => {
    expect(parseHostRule(text)).toBeUndefined()
    expect(hostRules.safeParse([text]).success).toBe(false)
  })
})

describe('an address', () => {
  test.each([
    ['HTTP://Example.COM:80/%61/%7e/%2f/../x#y', 'http://example.com/a/~/x'],
    ['https://example.com./a/%2E%2e/b', 'https://example.com/b'],
    ['https://bücher.example', 'https://xn--bcher-kva.example/'],
    ['https://h/a%2fb%3f', 'https://h/a%2Fb%3F'],
  ])('%s has one spelling', (text, canonical) => {
    expect(canonicalAddress(text).href).toBe(canonical)
  })

  it('comes apart between its slashes, and its query stays in one piece', () => {
    expect(partsOf(canonicalAddress('https://h:8443/a/b?c=/d/'))).toEqual([
      'https:',
      '',
      'h:8443',
      'a',
      'b?c=/d/',
    ])
    expect(partsOf(canonicalAddress('https://h'))).toEqual(['https:', '', 'h', ''])
  })

  it('is shown without the user name that it is refused for', () => {
    expect(() => canonicalAddress('https://me:hunter2@h/')).toThrow('"https://…@h/" has a user name')
  })
})

describe('a redirect', () => {
  const follow = (hosts: readonly string[], headers = {}) =>
    followRedirects(guarded(hosts), systemClock, `http://a.test:${port}/start`, { deadlines, headers })
  const to = (location: string, status = 302) => answer(status, 'moved', { location })

  it('is followed, and says where it ended', async () => {
    server.play(to('/next', 301), to(`http://b.test:${port}/end`, 308), answer(200, 'here'))
    const { answer: last, url } = await follow(['a.test', 'b.test'])
    expect(await last.text()).toBe('here')
    expect(url.href).toBe(`http://b.test:${port}/end`)
  })

  it('to another origin leaves everything behind that may have been meant for the first', async () => {
    server.play(to('/same'), to(`http://b.test:${port}/`), answer(200, ''))
    await follow(['a.test', 'b.test'], {
      Authorization: 'Bearer x',
      cookie: 'a=b',
      'x-key': 'k',
      accept: 'text/html',
    })
    const [first, second, third] = server.received.map(({ headers }) => headers)
    expect(first).toMatchObject({ authorization: 'Bearer x', cookie: 'a=b', 'x-key': 'k' })
    expect(second).toMatchObject({ authorization: 'Bearer x' })
    expect(third).toMatchObject({ accept: 'text/html' })
    for (const name of ['authorization', 'cookie', 'x-key']) expect(third).not.toHaveProperty(name)
  })

  test.each([
    ['a private address', () => `http://127.0.0.1:${port}/`],
    ['a private address in disguise', () => `http://[::ffff:7f00:1]:${port}/`],
    ['a name that leads to one', () => `http://other.test:${port}/`],
    ['another scheme', () => 'file:///etc/passwd'],
    ['a user name', () => `http://x@a.test:${port}/`],
    ['nonsense', () => 'http://['],
  ])('to %s is refused', async (_, location) => {
    server.play(to(location()))
    await expect(follow(['a.test'])).rejects.toMatchObject({ code: 'request-rejected' })
    expect(server.received).toHaveLength(1)
  })

  it('is followed five times, not more', async () => {
    server.play(to('/again'))
    await expect(follow(['a.test'])).rejects.toThrow('redirects more than 5 times')
    expect(server.received).toHaveLength(6)
  })

  it('from https to http is refused', async () => {
    const sent: string[] = []
    const fetch: Fetch = async address => {
      sent.push(address)
      const header = (name: string) => (name === 'location' ? 'http://a.test/' : undefined)
      return { status: 302, ok: false, header, body: (async function* () {})(), text: async () => '' }
    }
    await expect(followRedirects(fetch, systemClock, 'https://a.test/', { deadlines })).rejects.toThrow(
      'from https to http',
    )
    expect(sent).toEqual(['https://a.test/'])
  })

  it('has one deadline with all that it leads to', async () => {
    server.play(to('/slow'), silence)
    const init = { deadlines: { total: 80 } }
    const late = followRedirects(guarded(['a.test']), systemClock, `http://a.test:${port}/`, init)
    await expect(late).rejects.toMatchObject({ code: 'timeout' })
  })
})
