import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { events, json, type Script, startFaultyServer } from './faulty-server.ts'

/** US dollars per million tokens, and the same in millionths of millionths per token. */
export const PRICE = { input: 2.5, output: 10, cached: 0.25 }
const RATES = { input: 2_500_000, output: 10_000_000, cached: 250_000 }

interface Bill {
  calls: number
  input: number
  output: number
  cached: number
  /** In millionths of millionths of a dollar: whole numbers. */
  usd: number
}

interface Settings {
  /** Milliseconds that a reply takes at the most. */
  readonly pace?: number
  /** Parts of the calls that end badly: one not billed, one billed. */
  readonly faults?: boolean
}

/**
 * A real server that counts the tokens of each call by itself, has some of them in its cache, answers with a random
 * number of them up to what the request allows, and writes a bill. What is random depends on the request alone.
 */
export async function billingServer({ pace = 5, faults = false }: Settings = {}) {
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  const bill: Bill = { calls: 0, input: 0, output: 0, cached: 0, usd: 0 }
  const script: Script = response => {
    const { body = '', headers } = server.received.at(-1) ?? {}
    const random = randomFrom(`${headers?.['idempotency-key']}${server.received.length % 7}${body}`)
    setTimeout(() => answer(body, random)(response), random() * pace)
  }
  const answer = (body: string, random: () => number): Script => {
    const { messages, max_completion_tokens: most = 500 } = JSON.parse(body)
    if (faults && random() < 0.05) return json(503, { error: { message: 'overloaded' } })
    const input = countIn(messages.map(({ content }: { content: string }) => content).join('\n'))
    const cached = Math.floor(random() * input)
    const output = 1 + Math.floor(random() * most)
    bill.calls += 1
    bill.input += input
    bill.output += output
    bill.cached += cached
    bill.usd += (input - cached) * RATES.input + cached * RATES.cached + output * RATES.output
    const usage = {
      prompt_tokens: input,
      completion_tokens: output,
      prompt_tokens_details: { cached_tokens: cached },
    }
    const content = faults && random() < 0.05 ? '' : 'Done.'
    return events([
      { choices: [{ index: 0, delta: { role: 'assistant', content } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage },
    ])
  }
  server.play(script)
  const env = { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: 'sk-test-0123456789' }
  return { ...server, env, bill }
}

/** As servers do: parts of words, and each sign. */
function countIn(text: string): number {
  return text.match(/[A-Za-z]{1,4}|\d{1,3}|[^\sA-Za-z\d]/g)?.length ?? 1
}

function randomFrom(seed: string): () => number {
  let drawn = 0
  return () => {
    drawn += 1
    return createHash('sha256').update(`${seed}${drawn}`).digest().readUInt32BE(0) / 2 ** 32
  }
}
