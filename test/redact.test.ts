import { describe, expect, it } from 'vitest'
import { createRedactor } from '../src/redact.ts'
import { cpuTime } from './helpers/cpu.ts'

const SECRET = 'p4ss/w+rd "ü" & $1'
const redact = createRedactor({ PASSWORD: SECRET, SHORT: 'abc' })

describe('a secret that comes to light later', () => {
  it('is replaced from then on, in all its forms', () => {
    const redact = createRedactor({ FIRST: 'first-secret' })
    const later = 'token/of+the hour'
    expect(redact(later)).toBe(later)
    redact.add('TOKEN', later)
    expect(redact(`first-secret ${later} ${encodeURIComponent(later)}`)).toBe(
      '[redacted:FIRST] [redacted:TOKEN] [redacted:TOKEN]',
    )
  })

  it('keeps the name under which it was known first, and is none when it is short', () => {
    const redact = createRedactor({})
    redact.add('ONE', 'the-same-value')
    redact.add('TWO', 'the-same-value')
    redact.add('SHORT', 'abc')
    expect(redact('the-same-value abc')).toBe('[redacted:ONE] abc')
  })

  it('is found among a thousand others, the longest first, without taking much longer', () => {
    const redact = createRedactor({})
    for (let index = 0; index < 1000; index += 1) redact.add(`S${index}`, `begins-alike-${index}-ends`)
    redact.add('LONG', 'begins-alike-7-ends-with-more')
    const text = 'begins-alike-7-ends-with-more begins-alike-999-ends begins-alike-1000-ends '
    expect(redact(text)).toBe('[redacted:LONG] [redacted:S999] begins-alike-1000-ends ')
    const began = cpuTime()
    redact(text.repeat(2_000))
    expect(cpuTime() - began).toBeLessThan(2_000)
  })
})

describe('a secret', () => {
  it.each([
    ['plainly', SECRET],
    ['as JSON', JSON.stringify({ key: SECRET })],
    ['as JSON within JSON', JSON.stringify({ body: JSON.stringify({ key: SECRET }) })],
    ['in a URL', `https://example.org/?key=${encodeURIComponent(SECRET)}&more=1`],
    [
      'in a URL with small hexadecimal digits',
      encodeURIComponent(SECRET).replace(/%../g, code => code.toLowerCase()),
    ],
    ['in a form', new URLSearchParams({ key: SECRET }).toString()],
    ['in base64', `value: ${Buffer.from(SECRET).toString('base64')}.`],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64 after one byte', Buffer.from(`:${SECRET}`).toString('base64')],
    ['in base64 after two bytes', Buffer.from(`u:${SECRET} and more`).toString('base64')],
    ['in base64 after many bytes', Buffer.from(`some-user:${SECRET}`).toString('base64')],
  ])('is replaced by its name when it is written %s', (_, text) => {
    expect(redact(text)).toContain('[redacted:PASSWORD]')
    expect(redact(text)).not.toMatch(/p4ss|cDRzc/)
  })

  it('is replaced at every place of a value, keys too', () => {
    const value = { list: ['fine', { deep: `a ${SECRET} b ${SECRET}` }], [SECRET]: 1, none: null }
    expect(redact(value)).toEqual({
      list: ['fine', { deep: 'a [redacted:PASSWORD] b [redacted:PASSWORD]' }],
      '[redacted:PASSWORD]': 1,
      none: null,
    })
  })

  it('is found without the blanks that stand around it in the environment', () => {
    expect(createRedactor({ KEY: 'value-of-key\n' })('key=value-of-key;')).toBe('key=[redacted:KEY];')
  })

  it('is replaced as a whole when another one is a part of it', () => {
    const both = createRedactor({ PART: 'hunter', WHOLE: 'hunter-two-hunter' })
    expect(both('hunter-two-hunter, hunter')).toBe('[redacted:WHOLE], [redacted:PART]')
  })

  it('is left alone when it is too short to be told from ordinary text', () => {
    expect(redact('abc')).toBe('abc')
  })
})

describe('a token of a well-known kind', () => {
  const long = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'
  const body = `${'MIIEvQIBADANBgkqhkiG9w0B/+AQEFAASC\n'.repeat(20)}abc=`
  it.each([
    ['OpenAI', `sk-proj-${long}_-x`],
    ['GitHub', `ghp_${long}`],
    ['GitHub, fine-grained', `github_pat_11ABC_${long}`],
    ['AWS', 'AKIAIOSFODNN7EXAMPLE'],
    ['Slack', 'xoxb-123456789012-abcdef'],
    ['Google', `AIza${long.slice(0, 35)}`],
    ['JWT', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${long}`],
    ['authorization', `Bearer ${long}==`],
    ['PEM', `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`],
    [
      'PEM in JSON',
      `-----BEGIN RSA PRIVATE KEY-----\\n${body.replaceAll('\n', '\\n')}\\n-----END RSA PRIVATE KEY-----`,
    ],
    [
      'PEM with headers',
      `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n${body}`,
    ],
    ['PEM cut off', `-----BEGIN EC PRIVATE KEY-----\n${body.slice(0, 50)}`],
  ])('(%s) is replaced wherever it stands', (_, token) => {
    expect(redact(`key=${token}`)).toBe('key=[redacted]')
    expect(redact(`"${token}", ok`)).toBe('"[redacted]", ok')
    expect(redact(`first\\n${token}`)).toBe('first\\n[redacted]')
  })

  it.each([
    'risk-assessment-of-the-whole-project-in-detail',
    'sk-short',
    'the bearer of bad news',
    '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
    'eyJ is how a JWT begins',
    'AKIA is a prefix',
  ])('is not seen in: %s', text => {
    expect(redact(text)).toBe(text)
  })
})

it('gives back the same object when there is nothing to hide', () => {
  const value = { a: [1, 'two', { three: [null, true] }] }
  expect(redact(value)).toBe(value)
  const half = { clean: { deep: ['x'] }, dirty: SECRET }
  expect(redact(half).clean).toBe(half.clean)
})

it.each([
  ['prose', 'The quick brown fox jumps over the lazy dog. '],
  ['one endless token', 'sk-'],
  ['beginnings of tokens', ' sk- eyJaaaaaaaaaaaa.eyJ Bearer \\neyJ'],
  ['beginnings of keys', '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: '],
  ['almost the secret', SECRET.slice(0, -1)],
  ['blanks after a word', `Bearer${' '.repeat(100_000)}`],
])('reads 10 MB of %s in well under two seconds', (_, part) => {
  const text = part.repeat(10_000_000 / part.length)
  const before = cpuTime()
  redact(text)
  expect(cpuTime() - before).toBeLessThan(2000)
})
