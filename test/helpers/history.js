/** When hand-made runs begin. */
export const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
/** A journal made by hand: facts with their time in milliseconds since the run began. */
export function history(...facts) {
  return facts.map(([at, fact], index) => ({ ...fact, seq: index + 1, at: BEGIN + at }))
}
export const began = (more = {}) => ({
  type: 'run.started',
  team: 'demo',
  definition: {},
  input: {},
  rehearsal: false,
  crew: '0',
  ...more,
})
export const resumed = {
  type: 'run.resumed',
  owner: { host: 'here', pid: 7 },
  epoch: 2,
  reopened: [],
  limits: {},
}
export const started = (key, kind, more = {}) => ({
  type: 'step.started',
  key,
  kind,
  fingerprint: '',
  ...more,
})
export const succeeded = key => ({ type: 'step.succeeded', key, output: '' })
export const replied = (key, usd) => {
  const spent = { input: 1000, output: 200, cached: 0, ...(usd !== undefined && { usd }) }
  return { type: 'model.replied', key, model: 'openai/gpt-5-mini', spent, milliseconds: 1000 }
}
/** One agent that works at once, one whose model has to be asked twice, one that is skipped. */
export const RETRIED = history(
  [0, began()],
  [0, started('find', 'agent', { agent: 'find' })],
  [10, started('find/run', 'command')],
  [900, succeeded('find/run')],
  [1000, succeeded('find')],
  [1000, started('draft', 'agent', { agent: 'writer' })],
  [1000, started('draft/turn-1', 'model')],
  [
    2000,
    {
      type: 'step.failed',
      key: 'draft/turn-1',
      error: { code: 'rate-limited', message: 'slow\u001b[2J\ndown' },
    },
  ],
  [
    2000,
    {
      type: 'decision',
      key: 'draft',
      what: 'retry',
      reason: 'turn-1: slow down',
      values: { error: 'rate-limited', attempt: 1, allowed: 3, pause: 1000 },
    },
  ],
  [2000, { type: 'timer.set', key: 'draft/turn-1-pause-1', until: BEGIN + 3000 }],
  [3000, started('draft/turn-1/attempt-2', 'model')],
  [4000, replied('draft/turn-1/attempt-2', 0.0123)],
  [4000, succeeded('draft/turn-1/attempt-2')],
  [4000, started('draft/turn-1/tool-1', 'tool', { input: { tool: 'read_file', arguments: {} } })],
  [4100, succeeded('draft/turn-1/tool-1')],
  [5000, succeeded('draft')],
  [5000, { type: 'step.skipped', key: 'review', reason: 'when: input.deep' }],
  [5000, { type: 'run.succeeded', output: 'x' }],
)
/** Killed in the middle of an act, asked about a day later, not answered yet. */
const DAY = 86_400_000
export const WAITING = history(
  [0, began({ team: 'mailer' })],
  [0, started('send', 'agent', { agent: 'send' })],
  [0, started('send/run', 'command', { effects: 'once' })],
  [DAY, resumed],
  [DAY, { type: 'step.unknown', key: 'send/run' }],
  [
    DAY + 500,
    {
      type: 'wait.opened',
      key: 'send/run/outcome-1',
      request: { question: 'Was it sent?', choices: ['retry', 'done=OUTPUT'] },
    },
  ],
  [DAY + 1000, { type: 'run.waiting', on: ['send/run/outcome-1'] }],
)
