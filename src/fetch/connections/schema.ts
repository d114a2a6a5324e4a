import * as z from 'zod'
import { parseUrl } from '../../url.ts'
import { secret } from './secret.ts'

const address = z
  .string()
  .max(2000)
  .refine(
    isPlainAddress,
    'an address is http:// or https://, a host and a path, without user name, query or template',
  )

function isPlainAddress(text: string): boolean {
  if (/[?#\\\s]|\$\{/.test(text) || !/^https?:\/\//i.test(text)) return false
  const url = parseUrl(text)
  return url?.username === '' && url.password === ''
}

const fieldName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'this is no name of a header field')

const apiKey = z
  .strictObject({
    kind: z.literal('apiKey'),
    header: fieldName.optional().describe('Header field that carries the key'),
    query: z.string().min(1).optional().describe('Field of the query that carries it'),
    value: secret,
  })
  .refine(
    ({ header, query }) => (header === undefined) !== (query === undefined),
    'an API key goes either into a header or into the query',
  )

const bearer = z.strictObject({ kind: z.literal('bearer'), token: secret })

const basic = z.strictObject({ kind: z.literal('basic'), username: secret, password: secret })

const oauth2 = z
  .strictObject({
    kind: z.literal('oauth2'),
    tokenUrl: address.describe('Where tokens are given'),
    clientId: secret,
    clientSecret: secret.optional(),
    refreshToken: secret
      .optional()
      .describe('With one, tokens are renewed by it; else the client asks for itself'),
    scope: z.string().optional(),
    parameters: z
      .record(z.string(), z.string())
      .optional()
      .describe('More fields of the request for a token, like audience or resource'),
    sends: z
      .enum(['basic', 'post'])
      .default('basic')
      .describe('How the client shows its secret: in the header, or in the body'),
  })
  .refine(
    ({ clientSecret, refreshToken }) => clientSecret !== undefined || refreshToken !== undefined,
    'a client needs a clientSecret, a refreshToken, or both',
  )

export const connection = z.strictObject({
  baseUrl: address.describe('What the addresses of tools and agents are relative to'),
  headers: z.record(fieldName, z.string()).optional().describe('Sent with every request; no secrets'),
  auth: z.discriminatedUnion('kind', [apiKey, bearer, basic, oauth2]).optional(),
})

/** Connections by name. */
export type ConnectionSpec = z.infer<typeof connection>
export type Auth = NonNullable<ConnectionSpec['auth']>
export type OAuth = z.infer<typeof oauth2>
