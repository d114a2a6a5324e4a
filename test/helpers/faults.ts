import {
  answer,
  cutAfter,
  drip,
  events,
  hangUp,
  json,
  type Script,
  silence,
  stallAfter,
} from './faulty-server.ts'

/** In every reply that must not be believed. */
export const POISON = 'POISON'

const say = (text: string) => ({ choices: [{ index: 0, delta: { role: 'assistant', content: text } }] })
const end = (finish_reason: string | null) => ({ choices: [{ index: 0, delta: {}, finish_reason }] })
const usage = { choices: [], usage: { prompt_tokens: 100, completion_tokens: 10 } }
const bad = say(`${POISON} is what `)
const error = (type: string) => ({ error: { message: `${POISON}: ${type}`, type, code: type } })
const call = (args: string) => ({
  choices: [
    {
      index: 0,
      delta: { tool_calls: [{ index: 0, id: 'c', function: { name: 'read_file', arguments: args } }] },
    },
  ],
})
const HOUR = '3600'
const FOREVER = '9999999'

/** Everything that providers, and what stands between us and them, have been seen to do. */
export const FAULTS = {
  '429': json(429, error('rate_limit_exceeded')),
  '429, again in 2 ms': json(429, error('rate_limit_exceeded'), { 'retry-after-ms': '2' }),
  '429, again in an hour': json(429, error('rate_limit_exceeded'), { 'retry-after': HOUR }),
  '429, again in 9,999,999 s': json(429, error('rate_limit_exceeded'), { 'retry-after': FOREVER }),
  '429, the account is empty': json(429, error('insufficient_quota')),
  '500': json(500, error('server_error')),
  '502 with HTML': answer(502, `<html>${POISON}</html>`, { 'content-type': 'text/html' }),
  '503': answer(503, POISON),
  'reset before a word': hangUp,
  'reset in the middle': cutAfter([bad]),
  'cut off, closed cleanly': events([bad], { done: false }),
  'cut off, with [DONE]': events([bad, end(null), usage]),
  'finish_reason length': events([bad, end('length'), usage]),
  'finish_reason content_filter': events([bad, end('content_filter'), usage]),
  'a refusal': events([{ choices: [{ index: 0, delta: { refusal: `${POISON}: no` } }] }, end('stop'), usage]),
  '200 with HTML': answer(200, `<html>${POISON}</html>`, { 'content-type': 'text/html' }),
  '200 with nothing': answer(200, ''),
  '200 with an error': json(200, error('server_error')),
  '200 with an error nobody knows': json(200, error('strange')),
  'an error in the stream': events([bad, error('overloaded_error')]),
  'JSON that is none': answer(200, `{"choices": [${POISON}`, { 'content-type': 'application/json' }),
  'events that are none': answer(200, `data: {"${POISON}\n\n`, { 'content-type': 'text/event-stream' }),
  'empty words': events([say(' '), end('stop'), usage]),
  'arguments that are no JSON': events([call(`{"path": "${POISON}`), end('tool_calls'), usage]),
  'data of another shape': events([say(`{"${POISON}": 1}`), end('stop'), usage]),
  'silence from the start': silence,
  'silence in the middle': stallAfter([bad]),
  'a byte now and then': drip(15),
} as const satisfies Record<string, Script>

export type Fault = keyof typeof FAULTS

/** A good reply whose provider forgets to say what it took. */
export const unmetered: Script = events([say('All is well.'), end('stop')])

/** How often in a hundred calls each kind of fault comes, in the mix of the goals: 20 in all. */
const MIX: readonly (readonly [percent: number, ...faults: Fault[]])[] = [
  [5, '429', '429, again in 2 ms'],
  [5, '500', '502 with HTML', '503'],
  [3, 'reset before a word', 'reset in the middle'],
  [3, 'cut off, closed cleanly', 'cut off, with [DONE]'],
  [2, '200 with HTML', '200 with an error', 'JSON that is none', 'events that are none'],
  [1, 'silence from the start', 'silence in the middle', 'a byte now and then'],
  [1, 'empty words', '200 with nothing'],
]

/** A fault of the mix, or none: `share` of all calls are faulty. */
export function drawFault(random: () => number, share: number): Fault | undefined {
  let left = random() * 100
  for (const [percent, ...faults] of MIX) {
    const weight = percent * (share / 0.2)
    if (left < weight) return faults[Math.floor((left / weight) * faults.length)]
    left -= weight
  }
  return undefined
}

/** Numbers from 0 up to 1, the same for the same seed: a linear congruential generator (Numerical Recipes). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  for (let warm = 0; warm < 8; warm += 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
