import { canonical, fraction, hash, isObject, type Json, type JsonSchema } from '../json.ts'
import type { Spend } from '../spend.ts'
import type { Message, Model, ModelReply, ModelRequest } from './model.ts'
import { readAssignment } from './rehearsal/assignment.ts'
import { digestOf } from './rehearsal/digest.ts'
import { readMaterial, type Sentence } from './rehearsal/material.ts'
import { fitted, phrasesFrom } from './rehearsal/phrases.ts'
import { writeProse } from './rehearsal/prose.ts'
import { sample, type Words } from './rehearsal/sample.ts'
import { chooseToolCalls, type FillArguments } from './rehearsal/tool-calls.ts'

export interface RehearsalOptions {
  readonly id: string
  /** Another seed gives other answers; the same one always the same. */
  readonly seed: string | number
  /** What the call would have used, had there been a model. */
  readonly count: (request: ModelRequest, reply: string) => Spend
  readonly worstCase: (request: ModelRequest) => Spend
}

/**
 * A model that is none: offline, instant, and the same reply to the same request in any process. It answers from what
 * it is given: with the sentences that say most, with an instance of the schema that is asked for, or on the first
 * turn with calls of tools that look useful.
 */
export function rehearsalModel({ id, seed, count, worstCase }: RehearsalOptions): Omit<Model, 'timeout'> {
  return {
    id,
    worstCase,
    async reply(request, { signal, onText }) {
      signal.throwIfAborted()
      const { text, toolCalls } = await answer(request, seededRandom(`${seed}\n${canonical(request)}`))
      for (const piece of piecesOf(text)) {
        onText(piece)
        signal.throwIfAborted()
      }
      const written = toolCalls.length > 0 ? JSON.stringify(toolCalls) : text
      return { text, toolCalls, spent: count(request, written) }
    },
  }
}

const NO_INTEREST = { focus: '', entries: false }

/** Stands in for an agent whose effects a rehearsal does not execute, and says so. */
export async function rehearseAnswer(work: {
  readonly agent: string
  readonly task: string
  readonly output?: JsonSchema
  readonly seed: string | number
}): Promise<Json> {
  const { agent, task, output, seed } = work
  const said = `Nothing was executed: this rehearsal stands in for the agent ${agent}.`
  const random = seededRandom(`${seed}\n${agent}\n${task}`)
  const prompt = readMaterial(task, true)
  if (output) {
    const digest = digestOf([asSentence(said)], NO_INTEREST, random)
    return sample(output, () => phrasesFrom(digest, readAssignment(prompt, task, ''), said), random)
  }
  const [asked] = digestOf(prompt.sentences, NO_INTEREST, random).choose({ sentences: 1 })
  const about = asked?.text ?? prompt.requests[0] ?? prompt.items[0]
  return about ? `${said} It would have been asked about this: ${about}` : said
}

async function answer(request: ModelRequest, random: () => number): Promise<Omit<ModelReply, 'spent'>> {
  const { messages, tools, output } = request
  const { prompt, role, assignment, sentences, items, focus } = readRequest(messages)
  const fallback = placeholder(prompt.requests[0] ?? prompt.items[0])
  const quotable = sentences.length > 0 ? sentences : (items.length > 0 ? items : [fallback]).map(asSentence)
  const digest = digestOf(quotable, { focus, entries: assignment.each && output !== undefined }, random)
  const words = () => phrasesFrom(digest, assignment, fallback)

  if (tools.length > 0 && !messages.some(({ role }) => role === 'tool')) {
    const topic = assignment.topic ?? digest.keyWords(3).join(' ')
    const task = prompt.text.slice(0, FOCUS)
    const asked = { task, topic, role }
    const toolCalls = await chooseToolCalls(tools, asked, fillArguments(words, random))
    if (toolCalls.length > 0) return { text: '', toolCalls }
  }
  if (output) {
    const value = await sample(output.schema, words, random)
    return { text: JSON.stringify(value, null, 2), toolCalls: [] }
  }
  return { text: writeProse(digest, assignment, sentences.length > 0 ? [] : items), toolCalls: [] }
}

function fillArguments(words: () => Words, random: () => number): FillArguments {
  return async (parameters, known) => {
    const knowing = (): Words => {
      const unknown = words()
      const text: Words['text'] = (schema, place) =>
        fitted(schema, place, () => known[place.name] ?? unknown.text({}, place))
      return { ...unknown, text }
    }
    const filled = await sample(parameters, knowing, random)
    return isObject(filled) ? filled : {}
  }
}

/** Characters of the request that say what it is about; long ones say it at the beginning. */
const FOCUS = 4_000

/**
 * What an answer is made from: what tools gave if they gave anything, or else what was asked first. What was said
 * later can only ask for it differently.
 */
function readRequest(messages: readonly Message[]) {
  const start = messages.findIndex(({ role }) => role === 'assistant')
  const text = textOf(start < 0 ? messages : messages.slice(0, start), 'user')
  const first = readMaterial(text, true)
  const later = start < 0 ? [] : readMaterial(textOf(messages.slice(start), 'user'), true).requests
  const prompt = { ...first, text, requests: [...later, ...first.requests] }
  const role = textOf(messages, 'system')
  const assignment = readAssignment(prompt, text, role)

  const results = messages
    .filter(message => message.role === 'tool')
    .map(({ content }) => readMaterial(content, false))
  const found = results.flatMap(result => result.sentences)
  const unsaid = withoutSaid(prompt.sentences, text)
  return {
    prompt,
    role,
    assignment,
    sentences: found.length > 0 ? found : unsaid,
    items: results.length > 0 ? results.flatMap(result => result.items) : listed(prompt.items),
    focus: `${prompt.requests.join(' ')} ${assignment.topic ?? ''} ${role}`.slice(0, FOCUS),
  }
}

/** Who takes part in a conversation says what nobody has said yet, as long as there is something. */
function withoutSaid(sentences: readonly Sentence[], prompt: string): readonly Sentence[] {
  const [, conversation] = prompt.split('From the conversation so far:')
  if (conversation === undefined) return sentences
  const said = new Set(readMaterial(conversation, true).sentences.map(sentence => sentence.text))
  const unsaid = sentences.filter(sentence => !said.has(sentence.text))
  return unsaid.length > 0 ? unsaid : sentences
}

/** A single short line in a prompt is the task, and not a list to answer from. */
function listed(items: readonly string[]): readonly string[] {
  return items.length > 1 ? items : []
}

function textOf(messages: readonly Message[], role: Message['role']): string {
  return messages
    .filter(message => message.role === role)
    .map(({ content }) => content)
    .join('\n\n')
}

function placeholder(task: string | undefined): string {
  const about = task ? `: ${task.slice(0, 300)}` : ''
  return `No model was called in this rehearsal, and there was no text to answer from${about}`
}

function asSentence(text: string): Sentence {
  return { text, source: undefined, section: 0, lead: true, listed: false }
}

/** `text` in a few pieces that end between words. */
function piecesOf(text: string): string[] {
  const size = Math.max(24, Math.ceil(text.length / 8))
  return text.match(new RegExp(`[\\s\\S]{1,${size}}(?:\\S*\\s+|\\S*$)`, 'g')) ?? []
}

/** Numbers from 0 up to, not including, 1, that depend on `seed` alone. */
function seededRandom(seed: string): () => number {
  const key = hash(seed)
  let drawn = 0
  return () => fraction(`${key}/${drawn++}`)
}
