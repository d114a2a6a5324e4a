import type { ElicitRequest, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import { inWords } from '../../duration.ts'
import type { Context } from '../../engine/context.ts'
import { toCrewError } from '../../errors.ts'
import {
  asText,
  canonical,
  hash,
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  parseJson,
} from '../../json.ts'
import { type Check, compile, usableSchema } from './schema.ts'
import { legible } from './words.ts'

/** Questions of one call that a person is bothered with. */
export const MOST_QUESTIONS = 10
/** How often one question is asked until its answer fits. */
export const TRIES = 3
const LONGEST_MESSAGE = 1000
/** The protocol forbids servers to ask for such things. */
const SECRET = /passw|passphrase|secret|token|credential|api[-_ ]?key|private[-_ ]?key|\bpin\b|\bcvv\b/i

export interface Interview {
  readonly server: string
  /** Full name of the tool whose call it is. */
  readonly tool: string
  readonly ctx: Context
  /** Surrounds the time in which a person is waited for. */
  readonly aside: <T>(wait: () => Promise<T>) => Promise<T>
  /** Milliseconds that an answer is waited for. */
  readonly patience: number
}

/** What a server asks for in the middle of one call. */
export interface Interviewer {
  /** The call is made, once more perhaps: what was answered before is not asked again. */
  begin(): void
  ask(params: ElicitRequest['params']): Promise<ElicitResult>
  /** What the model should know of how that went. */
  readonly notes: readonly string[]
}

/**
 * Hands the questions of a server on to a person, as durable waits of the call's step. A call that is repeated does not
 * ask the same again.
 */
export function interviewer({ server, tool, ctx, aside, patience }: Interview): Interviewer {
  const notes = new Set<string>()
  const given = new Map<string, Promise<Json>>()
  let asked = 0
  const refuse = (reason: string): ElicitResult => {
    notes.add(`The server asked something that was not handed on: ${reason}.`)
    ctx.emit({ type: 'decision', key: ctx.key, what: 'elicitation', reason, values: { server, tool } })
    return { action: 'decline' }
  }
  const wait = (key: string, question: string, detail: JsonObject) => {
    const before = given.get(key)
    if (before) return before
    const request = { question, detail, choices: ['accept=JSON', 'decline', 'cancel'] }
    // A step of its own: a server that answers without waiting for it takes the question back.
    const answer = aside(() =>
      ctx.step(key, { kind: 'question' }, step => step.waitFor('answer', request, patience)),
    )
    given.set(key, answer)
    return answer
  }
  return {
    get notes() {
      return [...notes]
    },
    begin() {
      asked = 0
    },
    async ask(params) {
      asked += 1
      const form = await formOf(params, asked)
      if (typeof form === 'string') return refuse(form)
      const { message, schema, check } = form
      const mark = `${asked}-${hash(canonical([message, schema])).slice(0, 8)}`
      let problem = ''
      for (let attempt = 1; attempt <= TRIES; attempt += 1) {
        const question = `The MCP server ${server} asks, while ${tool} runs: "${message}" Tell it nothing secret.${problem}`
        const key = `elicitation-${mark}${attempt > 1 ? `-${attempt}` : ''}`
        try {
          const answer = readAnswer(asText(await wait(key, question, schema)), check)
          if (typeof answer !== 'string') return answer
          problem = ` The last answer does not fit: ${answer}`
        } catch (thrown) {
          if (toCrewError(thrown).code !== 'timeout' || ctx.signal.aborted) throw thrown
          notes.add(`The server asked a person something, and nobody answered within ${inWords(patience)}.`)
          return { action: 'cancel' }
        }
      }
      notes.add('The server asked a person something, and no answer had the form that it needs.')
      return { action: 'cancel' }
    },
  }
}

interface Form {
  readonly message: string
  readonly schema: JsonSchema
  readonly check: Check
}

/** The question, or why nobody is asked. */
async function formOf(params: ElicitRequest['params'], asked: number): Promise<Form | string> {
  if (asked > MOST_QUESTIONS) return `it asked more than ${MOST_QUESTIONS} times`
  if (!('requestedSchema' in params)) return 'it wanted a person to open an address'
  const schema = await usableSchema(JSON.parse(JSON.stringify(params.requestedSchema)))
  if (typeof schema === 'string') return schema
  const secret = Object.entries(isObject(schema.properties) ? schema.properties : {}).find(([name, field]) =>
    SECRET.test(`${name} ${isObject(field) ? (field.title ?? '') : ''}`),
  )
  if (secret) return `it asked for something secret (${legible(secret[0], 100)})`
  return { message: legible(params.message, LONGEST_MESSAGE), schema, check: await compile(schema, 'it') }
}

/** What a person said, or what is wrong with it. */
function readAnswer(answer: string, check: Check): ElicitResult | string {
  if (answer === 'decline' || answer === 'cancel') return { action: answer }
  const content = parseJson(answer.replace(/^accept=/, ''))
  if (!isObject(content)) return 'it is no JSON object'
  return check(content) ?? { action: 'accept', content: content as Record<string, string> }
}
