import { onTestFinished } from 'vitest'
import { events, startFaultyServer } from './faulty-server.ts'
/** The parts of a streamed chat completion that says `text`. */
export function saying(text, usage = { prompt_tokens: 100, completion_tokens: 10 }) {
  return events([
    { choices: [{ index: 0, delta: { role: 'assistant', content: text } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { choices: [], usage },
  ])
}
/** A server that answers every agent, and the environment that leads crew to it. */
export async function modelServer(...scripts) {
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  server.play(...(scripts.length > 0 ? scripts : [saying('All is well.')]))
  return { ...server, env: { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: 'sk-test-0123456789' } }
}
