import { isObject, type Json } from './json.ts'

export type Redactor = <T extends Json>(value: T) => T

/** A redactor that learns secrets while it is in use. */
export interface LiveRedactor extends Redactor {
  /** From now on, `value` is replaced as well. */
  readonly add: (name: string, value: string) => void
}

/** Shorter values would be found all over ordinary text. */
const SHORTEST = 6

/**
 * Tokens that give themselves away, where no word runs into them (the `n` of an escaped line break is no word). Every
 * repetition is bounded and no token is looked for inside of another, so that no text takes more than linear time,
 * or more stack than there is.
 */
const TOKENS = String.raw`(?=[sgAxebB])(?:(?<![\w-])|(?<=\\[nrt]))(?:${[
  String.raw`sk-[\w-]{20,400}`,
  String.raw`gh[opsur]_\w{30,400}`,
  String.raw`github_pat_\w{30,400}`,
  'A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])',
  String.raw`xox[abeoprs]-[\w-]{10,400}`,
  String.raw`AIza[\w-]{35}`,
  String.raw`eyJ[\w-]{10,9999}\.eyJ[\w-]{10,9999}\.[\w-]{0,9999}`,
  String.raw`[Bb]earer\s{1,4}[\w.~+/-]{20,9999}={0,2}`,
].join('|')})`

const PRIVATE_KEY = [
  '-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----',
  String.raw`(?:(?:\s|\\[rn]){0,4}(?:Proc-Type|DEK-Info):[\w ,-]{0,90}){0,4}`,
  String.raw`[\w+/=\s\\]{0,40000}`,
  '(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?',
].join('')

/**
 * A function that replaces, in every string of a JSON value, each occurrence of a secret with `[redacted:NAME]`,
 * whether it is written plainly, escaped for JSON, URL-encoded or in base64, and each well-known kind of token or
 * private key with `[redacted]`. Values of less than 6 characters are not secrets. A value without any comes back as
 * the same object.
 */
export function createRedactor(secrets: Readonly<Record<string, string>>): LiveRedactor {
  const names = new Map<string, string>()
  /** Of all forms; made anew when they are needed after there are more of them. */
  let known: readonly RegExp[] | undefined
  const shaped = new RegExp(`${TOKENS}|${PRIVATE_KEY}`, 'g')
  const add = (name: string, value: string) => {
    const forms = [...formsOf(value.trim())].filter(form => !names.has(form))
    for (const form of forms) names.set(form, name)
    if (forms.length > 0) known = undefined
  }
  for (const [name, value] of Object.entries(secrets)) add(name, value)

  const redactText = (text: string) => {
    known ??= anyOf(names.keys())
    const named = known.reduce(
      (rest, forms) => rest.replace(forms, form => `[redacted:${names.get(form)}]`),
      text,
    )
    return named.replace(shaped, '[redacted]')
  }
  const redact: Redactor = value => redactWith(redactText, value) as typeof value
  return Object.assign(redact, { add })
}

/** Alternatives in one expression: one of many more is not compiled any more, and takes twenty times as long. */
const MOST_FORMS = 300

/** Expressions for all of `texts`, the longer ones first: a secret that begins with another one is replaced as a whole. */
function anyOf(texts: Iterable<string>): RegExp[] {
  const longestFirst = [...texts].sort((a, b) => b.length - a.length)
  const count = Math.ceil(longestFirst.length / MOST_FORMS)
  return Array.from({ length: count }, (_, index) => {
    const some = longestFirst.slice(index * MOST_FORMS, (index + 1) * MOST_FORMS)
    return new RegExp(some.map(literal).join('|'), 'g')
  })
}

function redactWith(redactText: (text: string) => string, value: Json): Json {
  const redact = (inner: Json) => redactWith(redactText, inner)
  if (typeof value === 'string') return redactText(value)
  if (isObject(value)) {
    const entries = Object.entries(value)
    const redacted = entries.map(([key, inner]) => [redactText(key), redact(inner)] as const)
    const same = entries.every(([key, inner], at) => redacted[at]?.[0] === key && redacted[at][1] === inner)
    return same ? value : Object.fromEntries(redacted)
  }
  if (Array.isArray(value)) {
    const redacted = value.map(redact)
    return redacted.every((inner, at) => inner === value[at]) ? value : redacted
  }
  return value
}

/** The ways in which `secret` may be written. */
function formsOf(secret: string): Iterable<string> {
  if (secret.length < SHORTEST) return []
  const escaped = inJson(secret)
  const encoded = [
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
  ]
  return new Set([
    secret,
    escaped,
    inJson(escaped),
    ...encoded,
    ...encoded.map(text => text.replace(/%../g, code => code.toLowerCase())),
    ...inBase64(secret),
  ])
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/**
 * Base64 of the secret alone, and the characters that it alone decides when it stands at each of the three offsets
 * inside of something longer (`user:secret`).
 */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const inside = [0, 1, 2].map(offset => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const all = [bytes.toString('base64'), ...inside]
  return [...all, ...all.map(text => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
