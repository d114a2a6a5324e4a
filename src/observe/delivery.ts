import { type Clock, sleep } from '../clock.ts'
import { CrewError, toCrewError } from '../errors.ts'
import type { Scope } from '../expressions/template.ts'
import type { Fetch } from '../fetch/fetch.ts'
import { codeOfStatus, quote } from '../fetch/status.ts'
import type { JsonObject } from '../json.ts'
import { run } from '../spawn.ts'
import type { Receiver } from '../team/alerts.ts'
import { webhookOf } from './webhook.ts'

/** What a receiver of alerts gets, as JSON. `text` says it all in one line: what chat services show. */
export interface Message extends JsonObject {
  readonly run: string
  readonly team: string
  readonly at: string
  readonly what: string
  /** The step that it is about; empty for the run as a whole. */
  readonly key: string
  readonly reason: string
  readonly values: JsonObject
  /** The command that goes on with the run. */
  readonly resume: string
  readonly text: string
}

/** Tells one receiver. `name` says who that is, and holds no secret. */
export interface Route {
  readonly name: string
  send(message: Message, signal: AbortSignal): Promise<void>
}

export interface Means {
  readonly clock: Clock
  readonly fetch: Fetch
  /** Folder to run commands in. */
  readonly root: string
  readonly scope: Scope
}

const ATTEMPTS = 3
const PAUSE = 500
const WEBHOOK = { total: 5_000 }
const COMMAND = { total: 30_000 }

/** The way to a receiver, with its templates filled in. Throws when they cannot be, or give no address. */
export function routeTo(receiver: Receiver, { clock, fetch, root, scope }: Means): Route {
  if ('run' in receiver) {
    const argv = receiver.run
    return {
      name: `the command ${argv[0]}`,
      async send(message, signal) {
        const env = { CREW_ALERT: message.what, CREW_RUN: message.run }
        const stdin = JSON.stringify(message)
        await run({ argv, cwd: root, env, stdin, deadlines: COMMAND, signal }, clock)
      },
    }
  }
  const { address, host, headers } = webhookOf({ ...receiver, url: receiver.webhook }, scope, {
    trouble: 'alerts cannot be sent to',
    hint: 'correct alerts.to in the team file, or the variable that it names; or: crew config unset alertWebhook',
  })
  const post = async (message: Message, signal: AbortSignal) => {
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(message),
      deadlines: WEBHOOK,
      signal,
    })
    const body = await answer.text()
    if (!answer.ok) throw new CrewError(codeOfStatus(answer.status), `${answer.status} ${quote(body)}`)
  }
  return {
    name: `the webhook at ${host}`,
    async send(message, signal) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await post(message, signal)
        } catch (thrown) {
          if (signal.aborted || attempt === ATTEMPTS || !toCrewError(thrown).retryable) throw thrown
          await sleep(clock, PAUSE * attempt, signal)
        }
      }
    },
  }
}
